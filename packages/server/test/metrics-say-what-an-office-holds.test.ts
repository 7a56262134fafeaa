import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { PermanentError } from '@redrive/worker'
import { discardLetters } from '../src/letters/index.ts'
import { showLetterId } from '../src/store/ids.ts'
import { keptOf, setFull } from '../src/store/queue-kept.ts'
import { officeBed, until } from './office-bed.ts'

const operate = new URL('../../../docs/operate/', import.meta.url)
const read = (file: string): string => readFileSync(new URL(file, operate), 'utf8')

async function scrape({ server, token }: Awaited<ReturnType<Awaited<ReturnType<typeof officeBed>>['http']>>) {
  const answer = await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${token}` } })
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  return answer.text()
}

/** The value of a sample, as it is written before it. */
function valueOf(text: string, sample: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${sample} `))
  return Number(line?.slice(sample.length + 1) ?? assert.fail(`${sample} is not in\n${text}`))
}

test('what is captured, replayed and comes back is in the metrics', async (t) => {
  const bed = await officeBed(t)
  const office = await bed.http()
  const empty = await scrape(office)
  assert.equal(valueOf(empty, 'redrive_unaccounted_letters'), 0)
  assert.equal(valueOf(empty, 'redrive_runs{state="halted"}'), 0)
  assert.doesNotMatch(empty, /^redrive_letters\{/m)

  await bed.captured({ body: 'good' }, { body: 'good' }, { body: 'bad' })
  await bed.worker({
    handle: ({ body }) => {
      if (Buffer.from(body ?? []).toString() === 'bad') throw new PermanentError('still')
    },
  })
  const before = await scrape(office)
  assert.equal(valueOf(before, 'redrive_letters{queue="orders",state="open"}'), 3)
  assert.equal(valueOf(before, 'redrive_letters_captured_total{queue="orders"}'), 3)
  assert.equal(valueOf(before, 'redrive_causes{queue="orders",state="new"}'), 1)
  assert.ok(valueOf(before, 'redrive_oldest_open_letter_age_seconds{queue="orders"}') >= 0)

  bed.replayer()
  await bed.replayed({ query: 'queue:orders' })
  await until('it came back', async () => ((await bed.states())['open'] === 1 ? true : undefined))
  const after = await until('the receipts are in', async () => {
    const text = await scrape(office)
    return valueOf(text, 'redrive_replay_outcomes_total{outcome="confirmed"}') === 2 ? text : undefined
  })
  assert.equal(valueOf(after, 'redrive_replay_outcomes_total{outcome="returned"}'), 1)
  assert.equal(valueOf(after, 'redrive_replay_sends{result="sent"}'), 3)
  assert.equal(valueOf(after, 'redrive_letters{queue="orders",state="replayed"}'), 3)
  assert.equal(valueOf(after, 'redrive_letters_captured_total{queue="orders"}'), 4)
  assert.equal(valueOf(after, 'redrive_unaccounted_letters'), 0)
})

test('a cause is counted while a letter of it waits: nobody is paged for one of which nothing is left', async (t) => {
  const bed = await officeBed(t)
  const office = await bed.http()
  const ids = await bed.captured({ queue: 'qb' }, { queue: 'qb' }, { queue: 'orders' })
  const discard = (letters: readonly string[]) =>
    discardLetters(bed.store, {
      selection: { letters: letters.map(showLetterId) },
      reason: 'junk',
      by: 'ana',
      nowMs: Date.now(),
    })
  await discard(ids.slice(0, 1))
  assert.equal(valueOf(await scrape(office), 'redrive_causes{queue="qb",state="new"}'), 1, 'one waits still')
  await discard(ids.slice(1, 2))
  const text = await scrape(office)
  assert.doesNotMatch(text, /^redrive_causes\{queue="qb"/m)
  assert.equal(valueOf(text, 'redrive_causes{queue="orders",state="new"}'), 1)
})

test('what a queue keeps, and that it takes no more, is in the metrics', async (t) => {
  const bed = await officeBed(t)
  const office = await bed.http()
  await bed.captured({ body: 'x'.repeat(1_000) }, { body: 'y' }, { queue: 'refunds' })
  const before = await scrape(office)
  assert.equal(valueOf(before, 'redrive_kept_letters{queue="orders"}'), 2)
  assert.ok(valueOf(before, 'redrive_kept_bytes{queue="orders"}') > 1_000)
  assert.equal(valueOf(before, 'redrive_queue_full{queue="orders"}'), 0)

  const [orders] = await keptOf(bed.store.pool, { queue: 'orders' })
  await setFull(bed.store.pool, { full: [orders?.queueId ?? 0], free: [] })
  const full = await scrape(office)
  assert.equal(valueOf(full, 'redrive_queue_full{queue="orders"}'), 1)
  assert.equal(valueOf(full, 'redrive_queue_full{queue="refunds"}'), 0)
})

test('queues that somebody makes up do not make up series without end', async (t) => {
  const bed = await officeBed(t)
  const office = await bed.http()
  const hostile = 'a"b\\c\nd{}'
  await bed.captured({ queue: hostile }, ...Array.from({ length: 230 }, (_, n) => ({ queue: `made-up-${n}` })))
  const text = await scrape(office)
  const lines = text.split('\n').filter((line) => line.startsWith('redrive_letters_captured_total{'))
  assert.equal(lines.length, 201)
  assert.equal(valueOf(text, 'redrive_letters_captured_total{queue="(others)"}'), 31)
  assert.ok(text.split('\n').every((line) => line === '' || /^(#|[a-z_]+(\{.*\})? [\d.e+-]+$)/.test(line)))
})

test('there are no metrics for who has no token', async (t) => {
  const { server } = await (await officeBed(t)).http()
  assert.equal((await fetch(`${server.url}/metrics`)).status, 401)
})

test('the docs name each metric, and rules and dashboard ask only for what there is', async (t) => {
  const bed = await officeBed(t)
  await bed.captured({})
  const text = await scrape(await bed.http())
  const families = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`)
  const documented = [...read('metrics.md').matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(
    ([, name, type]) => `${name} ${type}`,
  )
  assert.deepEqual(documented.toSorted(), families.toSorted())
  const names = new Set(families.map((family) => family.split(' ')[0]))
  for (const file of ['redrive.rules.yml', 'grafana-dashboard.json']) {
    const asked = [...read(`monitoring/${file}`).matchAll(/\b(redrive_\w+|process_\w+)(?=[{[ )])/g)].map(
      ([, name]) => name,
    )
    assert.ok(asked.length > 5)
    assert.deepEqual(
      asked.filter((name) => !names.has(name)),
      [],
      file,
    )
  }
})
