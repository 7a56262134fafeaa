import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lookOnce as lookForAlerts } from '../src/alerts/index.ts'
import { resumeAutomatic } from '../src/automatic/index.ts'
import { acknowledgeCause, listCauses } from '../src/causes/index.ts'
import { defaultRetention } from '../src/config/index.ts'
import { documentQueue } from '../src/queues/index.ts'
import { reviewOf, reviewText } from '../src/review/index.ts'
import { type AutomaticBed, automaticBed, healthy } from './automatic-bed.ts'
import { commandLine } from './command-line.ts'
import { until } from './office-bed.ts'

const stopsSoon = { transient: { ...healthy.transient, stopAfter: 1 } }

async function stoppedItself(bed: AutomaticBed): Promise<void> {
  bed.backend.isSick = true
  await bed.letters(3)
  await bed.look()
  await bed.settled()
  bed.backend.isSick = false
  await until('all are open', async () => ((await bed.states())['open'] === 3 ? true : undefined))
  await bed.rested()
}

async function findings(bed: AutomaticBed, tiers = stopsSoon): Promise<readonly Record<string, unknown>[]> {
  const { server, token } = await bed.http({ automatic: tiers })
  const answer = await fetch(`${server.url}/api/v1/doctor`, { headers: { authorization: `Bearer ${token}` } })
  const { findings: found } = (await answer.json()) as { findings: readonly Record<string, unknown>[] }
  return found.filter(({ code }) => String(code).startsWith('automatic'))
}

test('redrive automatic says what is sent without a person, and why nothing is; stop and resume are on record', async (t) => {
  const bed = await automaticBed(t)
  const { server, token } = await bed.http({ automatic: healthy })
  const run = commandLine({ url: server.url, token })
  const { server: bare, token: other } = await bed.http()
  const empty = await commandLine({ url: bare.url, token: other })('automatic')
  assert.match(empty.out, /^No letter is sent without a person\..*redrive\.yaml:\n {2}redrive help automatic\n$/s)
  assert.match((await run('help', 'automatic')).out, /transient: \{ replay: \{ when: healthy/)

  const none = await run('automatic')
  assert.equal(none.out, 'Letters of all queues are sent again without a person: transient (healthy). None is open.\n')

  await bed.letters(2)
  const [cause] = (await listCauses(bed.store)).causes
  await acknowledgeCause(bed.store, { cause: cause?.id ?? '', by: 'ann' })
  const waiting = await run('automatic')
  const [head, row] = waiting.out.split('\n').map((line) => line.split('\t'))
  assert.deepEqual(head, ['QUEUE', 'TIER', 'WHEN', 'STATE', 'NEXT', 'LAST HOUR', 'FAILED', 'WHY'])
  const left = 'no letter may be sent: 2 of causes that a person acknowledged or snoozed'
  assert.deepEqual(row, ['orders', 'transient', 'healthy', 'waiting', '–', '0 of 1000', '0 of 5', left])
  const why = ['--tier', 'transient', '--reason', 'a migration', '--by', 'ann'] as const
  const stopped = await run('automatic', 'stop', 'orders', ...why)
  assert.equal(stopped.code, 0, stopped.err)
  assert.match(stopped.out, /stopped by ann \(token test-\d+\): a migration/)
  const again = await run('automatic', 'stop', 'orders', ...why)
  assert.notEqual(again.code, 0)
  assert.match(again.err, /It is stopped already, by ann/)
  const json = JSON.parse((await run('automatic', '--json')).out) as { policies: readonly Record<string, unknown>[] }
  assert.deepEqual(
    json.policies.map(({ queue, state, leftOut }) => ({ queue, state, leftOut })),
    [{ queue: 'orders', state: 'stopped', leftOut: {} }],
  )
  const resumed = await run('automatic', 'resume', 'orders', ...why)
  assert.match(resumed.out, /waiting/)
  const nowhere = await run('automatic', 'stop', 'nowhere', ...why)
  assert.equal(nowhere.code, 6)
  assert.match((await run('automatic', 'stop', 'orders', '--reason', 'x')).err, /--tier/)
})

test('a policy that stopped itself is told once, to whom the tier belongs, until somebody resumes it', async (t) => {
  const bed = await automaticBed(t, stopsSoon)
  await documentQueue(bed.store, {
    queue: 'orders',
    fields: { owner: 'team-shop', 'tiers.transient.owner': 'team-reefer' },
    by: 'ann',
    reason: null,
  })
  await stoppedItself(bed)
  const look = async () => {
    const config = { limits: [], routes: [{ rules: ['automatic-stopped' as const], notify: ['team'] }] }
    await lookForAlerts(bed.store, { config, officeUrl: null })
    const { rows } = await bed.store.pool.query<{ title: string; owner: string; state: string; next: string }>(
      `select title, owner, state, next from alert where rule = 'automatic-stopped' order by raised_at`,
    )
    return rows
  }
  const [told] = [await look(), await look()].at(-1) ?? []
  assert.deepEqual(told, {
    title: 'STOPPED orders: transient letters are not replayed any more by themselves',
    owner: 'team-reefer',
    state: 'raised',
    next: 'redrive automatic resume --tier transient --reason … orders',
  })
  const { rowCount } = await bed.store.pool.query(`select from alert where rule = 'run-halted'`)
  assert.equal(rowCount, 0)
  const { server, token } = await bed.http({ automatic: stopsSoon })
  const run = commandLine({ url: server.url, token })
  assert.equal((await run('automatic', 'resume', 'orders', '--tier', 'transient', '--reason', 'mended')).code, 0)
  assert.deepEqual(
    (await look()).map(({ state }) => state),
    ['resolved'],
  )
  const byAnn = ['--tier', 'transient', '--reason', 'a migration', '--by', 'ann']
  assert.equal((await run('automatic', 'stop', 'orders', ...byAnn)).code, 0)
  assert.equal((await look()).length, 1, 'who stops it knows it')
})

test('a halted run of a policy wakes nobody, for the policy ends it', async (t) => {
  const bed = await automaticBed(t)
  await bed.letters(8)
  bed.backend.isSick = true
  const [started] = (await bed.look()).started
  await until('it is halted', async () => ((await bed.runs())[0]?.state === 'halted' ? true : undefined))
  await lookForAlerts(bed.store, { config: { limits: [], routes: [{ notify: ['team'] }] }, officeUrl: null })
  const { rowCount } = await bed.store.pool.query(`select from alert where rule = 'run-halted'`)
  assert.equal(rowCount, 0)
  assert.ok(started !== undefined)
  assert.match(await bed.settled(), /^failed/)
  assert.deepEqual(
    (await bed.runs()).map(({ state }) => state),
    ['cancelled'],
  )
})

test('the review says in a line what went by itself, and lists runs of people alone', async (t) => {
  const bed = await automaticBed(t, stopsSoon)
  await stoppedItself(bed)
  await resumeAutomatic(bed.store, { queue: 'orders', tier: 'transient', by: 'ann', reason: 'mended' })
  await bed.look()
  assert.match(await bed.settled(), /^passed/)
  const config = { limits: [], routes: [] }
  const facts = {
    config,
    retention: defaultRetention,
    captures: [],
    zone: 'UTC',
    week: null,
    nowMs: Date.now() + 60_000,
  }
  const review = await reviewOf(bed.store, facts)
  const [policy] = review.automatic.shown
  assert.deepEqual(
    { ...policy, sent: 0, returned: 0 },
    {
      ...{ queue: 'orders', tier: 'transient', runs: 2, passed: 1, failed: 1, cancelled: 0 },
      ...{ sent: 0, confirmed: 3, returned: 0, isStopped: false },
    },
  )
  assert.deepEqual([review.runs.count, review.runs.shown], [2, []])
  assert.match(
    reviewText(review),
    /By itself, transient letters of orders: 2 runs \(1 passed, 1 failed, 0 cancelled\), \d letters sent, 3/,
  )
})

test('the doctor names a policy that stopped, and one that cannot work', async (t) => {
  const bed = await automaticBed(t, stopsSoon)
  assert.deepEqual(await findings(bed), [])
  await stoppedItself(bed)
  const [one] = await findings(bed)
  assert.deepEqual([one?.['code'], one?.['severity'], one?.['queue']], ['automatic-stopped', 'warning', 'orders'])
  assert.match(String(one?.['why']), /stopped by policy: its run failed, at last: /)
  await bed.store.pool.query('update automatic_replay set stopped_at = null, stopped_by = null, stopped_why = null')

  const healthUrl = 'http://inventory.example/health'
  const asked = { transient: { ...stopsSoon.transient, healthUrl } }
  await bed.gapIsOver()
  await bed.look({ tiers: asked, ask: async () => ({ isHealthy: false, problem: 'inventory.example answered 503' }) })
  assert.deepEqual(await findings(bed, asked), [], 'it may pass')
  await bed.store.pool.query(`update automatic_replay set unhealthy_since = now() - interval '3 hours'`)
  const [sick] = await findings(bed, asked)
  assert.deepEqual([sick?.['code'], sick?.['severity']], ['automatic-cannot-work', 'warning'])
  assert.match(String(sick?.['what']), /not healthy for 3 h/)
  await bed.store.pool.query(`update automatic_replay set asked_at = now() - interval '3 hours'`)
  await bed.look({ tiers: asked, ask: async () => ({ isHealthy: false, problem: 'inventory.example answered 503' }) })
  assert.deepEqual(await findings(bed, asked), [], 'nobody asked for hours')
  assert.match(String(sick?.['next']), /curl -i http:\/\/inventory\.example\/health/)

  await bed.store.pool.query(`update source set broker = 'gone'`)
  const foreign = (await findings(bed)).find(({ what }) => /3 transient letters of it cannot/.test(String(what)))
  assert.match(String(foreign?.['why']), /a connection that this office does not have/)
})

test('malformed letters are refused by API as well, and an address is for the file to say', async (t) => {
  const bed = await automaticBed(t)
  const { server, token } = await bed.http()
  const patch = async (replay: object, tier = 'malformed') => {
    const answer = await fetch(`${server.url}/api/v1/queues/orders`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ document: { tiers: { [tier]: { replay } } }, by: 'ann' }),
    })
    return { status: answer.status, json: (await answer.json()) as { detail?: string } }
  }
  const refused = await patch({ when: 'healthy' })
  assert.equal(refused.status, 400)
  assert.match(refused.json.detail ?? '', /malformed letters are never sent by themselves.*repair or discard/)
  assert.equal((await patch({ healthUrl: 'http://10.0.0.1/' }, 'transient')).status, 400)
  assert.equal((await patch({ when: 'fixed', perHour: 7 }, 'permanent')).status, 200)
  await bed.letters(1)
  const { policies } = (await (
    await fetch(`${server.url}/api/v1/automatic-replays`, { headers: { authorization: `Bearer ${token}` } })
  ).json()) as { policies: readonly Record<string, unknown>[] }
  assert.deepEqual(
    policies.map(({ tier, when, perHour }) => [tier, when, perHour]),
    [['permanent', 'fixed', 7]],
  )
})
