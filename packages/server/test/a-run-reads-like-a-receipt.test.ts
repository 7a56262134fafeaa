import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { PermanentError } from '@redrive/worker'
import { pauseRun, resumeRun } from '../src/replay/index.ts'
import { commandLine } from './command-line.ts'
import { lane, officeBed, until, uuidOf } from './office-bed.ts'
import { recordingBroker } from './recording-broker.ts'

async function signedIn(t: TestContext) {
  const bed = await officeBed(t)
  const { server, token } = await bed.http()
  return { bed, run: commandLine({ url: server.url, token }) }
}

const numberOf = (body: Uint8Array | null) =>
  Number(
    Buffer.from(body ?? [])
      .toString()
      .replace('letter ', ''),
  )

test('a report tells who, why, what was done and what became of each letter; two runs are compared', async (t) => {
  const { bed, run } = await signedIn(t)
  const empty = await run('replay', 'list')
  assert.deepEqual([empty.code, empty.out], [0, ''])
  assert.match(empty.err, /Nothing was replayed yet[\s\S]*redrive replay plan --cause/)

  await bed.captured(
    ...Array.from({ length: 30 }, (_, n) => ({ body: `letter ${n}`, error: '=HYPERLINK("http://evil") \u001b[31m' })),
  )
  let broken = true
  await bed.worker({
    handle: ({ body }) => {
      if (broken && numberOf(body) % 3 === 0) throw new PermanentError('=cmd|calc \u001b[2J, "quoted"')
    },
  })
  let refusing = true
  const broker = recordingBroker(bed.broker, { refuse: () => refusing })
  bed.replayer({ brokers: new Map([['memory', broker]]) })
  const plan = await bed.plan({ query: 'queue:orders' }, { control: { pace: 40 }, reason: 'fixed in 1.4.2 \u001b[31m' })
  const { id } = await bed.run(plan)
  await until('some were refused', async () => ((await bed.runOf(id)).sends.notSent > 0 ? true : undefined))
  await pauseRun(bed.store, { run: uuidOf(id), by: 'ann', reason: 'the place is full' })
  await until('nothing is on its way', async () => ((await bed.runOf(id)).sends.intended === 0 ? true : undefined))
  refusing = false
  await resumeRun(bed.store, { run: uuidOf(id), by: 'bob', reason: 'it is not' })
  const first = await until('all outcomes are known', async () => {
    const view = await bed.runOf(id)
    return view.state === 'done' && view.outcomes.pending === 0 ? view : undefined
  })
  const { sent, notSent } = first.sends
  assert.ok(notSent > 0 && sent + notSent === 30)

  const text = await run('replay', 'report', id)
  assert.equal(text.code, 0, text.err)
  for (const expected of [
    `Replay ${id}: done`,
    'by          test',
    String.raw`why         fixed in 1.4.2 \u{1b}[31m`,
    `digest      ${plan.digest}`,
    'planned     30',
    `sent        ${sent}`,
    `not sent    ${notSent}`,
    `returned    ${first.outcomes.returned}`,
    `${lane} on memory  30 letters: ${first.outcomes.confirmed} confirmed, ${first.outcomes.returned} returned, ${notSent} not sent`,
    'run.pause by ann: the place is full',
    'run.resume by bob: it is not',
    'run.done by redrive',
  ])
    assert.ok(text.out.includes(expected), `${expected}\nin\n${text.out}`)
  assert.ok(!text.out.includes('\u001b'), 'no escape sequence reaches the terminal')

  const json = await run('replay', 'report', id, '--format', 'json')
  const rows = json.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string | null>)
  assert.equal(rows.length, 30)
  const by = (key: string, value: string) => rows.filter((row) => row[key] === value)
  assert.equal(by('outcome', 'confirmed').length, first.outcomes.confirmed)
  assert.equal(by('outcome', 'returned').length, first.outcomes.returned)
  assert.equal(by('state', 'not-sent').length, notSent)
  for (const row of by('outcome', 'returned')) assert.match(row['returnedAs'] ?? '', /^l_/)
  for (const row of by('state', 'not-sent')) assert.equal(row['why'], 'the place is full')
  for (const row of rows)
    assert.match(`${row['letter']} ${row['cause']} ${row['replay']}`, /^l_\w{26} c_\w{13} [0-9a-f-]{36}$/)

  const folder = mkdtempSync(path.join(os.tmpdir(), 'redrive-report-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'run.csv')
  const csv = await run('replay', 'report', id, '--format', 'csv', '--out', file)
  assert.deepEqual([csv.code, csv.out], [0, ''], csv.err)
  const table = readFileSync(file, 'utf8').split('\r\n')
  assert.equal(table.length, 32)
  assert.match(table[0] ?? '', /^letter,queue,cause,broker,place,replay,state,outcome,why,partition,position,/)
  assert.deepEqual(readdirSync(folder), ['run.csv'])

  // The fix: those that came back and those that were refused go again.
  broken = false
  const again = await bed.replayed({ query: 'queue:orders' })
  await until('all were handled', async () => {
    const { outcomes } = await bed.runOf(again.id)
    return outcomes.confirmed === again.planned ? true : undefined
  })
  const compared = await run('replay', 'compare', id, again.id, '--json')
  assert.equal(compared.code, 0, compared.err)
  const { both, changes } = JSON.parse(compared.out) as { both: number; changes: unknown[] }
  assert.equal(both, first.outcomes.returned + notSent)
  assert.deepEqual(
    new Set(changes.map((change) => JSON.stringify(change))),
    new Set([
      JSON.stringify({ before: 'returned', after: 'confirmed', letters: first.outcomes.returned }),
      JSON.stringify({ before: 'notSent', after: 'confirmed', letters: notSent }),
    ]),
  )
  const shown = await run('replay', 'compare', id, again.id)
  assert.match(shown.out, /returned\s+confirmed/)
  assert.equal((await run('replay', 'compare', id, id)).code, 2)
  const list = await run('replay', 'list')
  assert.deepEqual(
    list.out
      .split('\n')
      .slice(1, 3)
      .map((line) => line.split('\t')[0]),
    [again.id, id],
  )
  assert.equal((await run('replay', 'report', 'r_nonsense')).code, 6)
})

test('a run that was cancelled early tells what it never took up, page by page', async (t) => {
  const { bed, run } = await signedIn(t)
  await bed.captured(...Array.from({ length: 2_300 }, (_, n) => ({ body: `letter ${n}` })))
  const { id } = await bed.run(await bed.plan({ query: 'queue:orders' }))
  const json = await run('replay', 'report', id, '--format', 'json')
  const letters = json.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { letter: string; state: string; replay: string | null })
  assert.equal(new Set(letters.map(({ letter }) => letter)).size, 2_300)
  assert.ok(letters.every(({ state, replay }) => state === 'waiting' && replay === null))
})
