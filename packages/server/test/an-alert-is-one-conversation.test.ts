import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acknowledgeAlert, showAlert } from '../src/alerts/index.ts'
import { acknowledgeCause, assignCause, fixCause, followCauses, lookAtCause, snoozeCause } from '../src/causes/index.ts'
import { documentQueue } from '../src/queues/index.ts'
import { advisoryLocks } from '../src/store/advisory-locks.ts'
import type { Store } from '../src/store/store.ts'
import { alertBed } from './alert-bed.ts'

const missing = { errorClass: 'TaxRateMissing', error: 'no rate for CH-ZH', release: '1.0.0' }

test('the first letter of something new is told once, however many follow', async (t) => {
  const bed = await alertBed(t)
  assert.deepEqual(await bed.look(), [])
  await bed.captured(missing)
  assert.deepEqual(await bed.look(), ['team raised first-failure'])
  await bed.captured(missing, missing)
  assert.deepEqual(await bed.look(), [])
  const [notice] = await bed.notices()
  assert.match(notice?.title ?? '', /^NEW orders: 1 letter, .*TaxRateMissing/)
  assert.equal(notice?.urgency, 'page')
  assert.match(notice?.links.acknowledge ?? '', /^https:\/\/office\.example\/acknowledge\/a_\w{26}\/[\w-]{22}$/)
  assert.equal(notice?.next, `redrive cause show ${await bed.cause()}`)
})

for (const [what, act] of [
  [
    'snoozed',
    (store, cause) =>
      snoozeCause(store, {
        cause,
        by: 'ana',
        reason: 'shop is closed',
        letters: null,
        forSeconds: 14_400,
        release: null,
      }),
  ],
  ['fixed', (store, cause) => fixCause(store, { cause, by: 'ana', release: '1.0.1' })],
] satisfies readonly (readonly [string, (store: Store, cause: string) => Promise<unknown>])[])
  test(`letters of a cause that was just ${what} are no growth: somebody was told of them`, async (t) => {
    const bed = await alertBed(t)
    await bed.captured(...Array.from({ length: 60 }, () => missing))
    assert.deepEqual(await bed.look({ queues: true }), ['team raised first-failure'])
    await act(bed.store, await bed.cause())
    assert.deepEqual(await bed.look({ queues: true }), ['team resolved first-failure'])
    assert.deepEqual(await bed.look({ queues: true, minutes: 1 }), [])
    assert.deepEqual(await bed.look({ queues: true, minutes: 20 }), [])
  })

test('while nobody takes it, it is said again after one hour, two and four, as it is then', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(missing)
  await bed.look()
  await bed.captured(missing)
  const said: number[] = []
  for (let minutes = 10; minutes <= 12 * 60; minutes += 10)
    if ((await bed.look({ minutes })).length > 0) said.push(minutes)
  assert.equal(said.length, 3)
  assert.deepEqual(
    said.map((minutes, at) => Math.round((minutes - (said[at - 1] ?? 0)) / 60)),
    [1, 2, 4],
  )
  assert.match((await bed.notices()).at(-1)?.title ?? '', /^NEW orders: 2 letters/)
})

test('who acknowledges the cause or is assigned to it takes the alert; who only looks at it does not', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(missing)
  await bed.look()
  const cause = await bed.cause()
  await lookAtCause(bed.store, { cause, by: 'ana' })
  assert.deepEqual(await bed.look(), [])
  await assignCause(bed.store, { cause, by: 'ana', to: 'ben' })
  assert.deepEqual(await bed.look(), ['team acknowledged first-failure'])
  assert.deepEqual(await bed.look({ minutes: 600 }), [], 'it is not repeated any more')
  await acknowledgeCause(bed.store, { cause, by: 'ben' })
  assert.deepEqual(await bed.look({ minutes: 601 }), [])
})

test('who takes the alert takes the cause, once', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(missing)
  await bed.look()
  const [alert] = await bed.alerts()
  assert.ok(alert)
  const take = () => acknowledgeAlert(bed.store, { alert: alert.id, by: 'ana', note: 'on it' }, bed.options)
  await take()
  await take()
  assert.deepEqual(await bed.look(), ['team acknowledged first-failure'])
  const shown = await showAlert(bed.store, alert.id)
  assert.deepEqual([shown.state, shown.acknowledgedBy], ['acknowledged', 'ana'])
  assert.deepEqual(
    shown.notifications.map(({ change }) => change),
    ['raised', 'acknowledged'],
  )
  const { rows } = await bed.store.pool.query(
    `select c.state::text, (select count(*)::int from audit where action = 'alert.acknowledge' and actor = 'ana' and reason = 'on it') as audits from cause c`,
  )
  assert.deepEqual(rows, [{ state: 'acknowledged', audits: 1 }])
  await fixCause(bed.store, { cause: await bed.cause(), by: 'ana' })
  assert.deepEqual(await bed.look(), ['team resolved first-failure'])
  await assert.rejects(take(), { code: 'STATE_CONFLICT', message: /fixed by ana/ })
  await assert.rejects(
    acknowledgeAlert(
      bed.store,
      { alert: alert.id.replace(/.$/, (last) => (last === '0' ? '1' : '0')), by: 'ana' },
      bed.options,
    ),
    {
      code: 'NOT_FOUND',
    },
  )
})

test('a snooze ends it, and what wakes the cause is another alert', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(missing)
  await bed.look()
  await snoozeCause(bed.store, { cause: await bed.cause(), by: 'ana', letters: 2, reason: 'the partner mends it' })
  assert.deepEqual(await bed.look(), ['team resolved first-failure'])
  assert.deepEqual((await bed.notices()).at(-1)?.facts[0], {
    name: 'why',
    value: 'snoozed by ana: the partner mends it',
  })
  await bed.captured(missing)
  await followCauses(bed.store)
  assert.deepEqual(await bed.look(), [])
  await bed.captured(missing)
  await followCauses(bed.store)
  assert.deepEqual(await bed.look(), ['team raised woken'])
  assert.equal((await bed.notices()).at(-1)?.urgency, 'ticket')
})

test('a fixed cause that regresses is another alert; older failures are none', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(missing)
  await bed.look()
  await fixCause(bed.store, { cause: await bed.cause(), by: 'ana', release: '1.1.0' })
  assert.deepEqual(await bed.look(), ['team resolved first-failure'])
  await bed.captured(missing)
  await followCauses(bed.store)
  assert.deepEqual(await bed.look(), [])
  await bed.captured({ ...missing, release: '1.2.0' })
  await followCauses(bed.store)
  assert.deepEqual(await bed.look(), ['team raised regressed'])
})

test('it ends when nothing of the cause was left for ten minutes, and letters after that are another', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(missing)
  await bed.look()
  await acknowledgeCause(bed.store, { cause: await bed.cause(), by: 'ana' })
  await bed.look()
  await bed.discardAll()
  assert.deepEqual(await bed.look({ minutes: 1 }), [])
  assert.deepEqual(await bed.look({ minutes: 10 }), [])
  await bed.captured(missing)
  assert.deepEqual(await bed.look({ minutes: 11.5 }), [], 'it came back before that')
  await bed.discardAll()
  assert.deepEqual(await bed.look({ minutes: 20 }), [])
  assert.deepEqual(await bed.look({ minutes: 31 }), ['team resolved first-failure'])
  await bed.captured(missing)
  assert.deepEqual(await bed.look({ minutes: 32 }), ['team raised back-again'], 'whoever took it was done with it')
})

test('letters under replay are not over yet', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(missing)
  await bed.look()
  const { id } = await bed.plan({ query: 'queue:orders' })
  await bed.run({ id } as never)
  assert.deepEqual(await bed.states(), { replaying: 1 })
  assert.deepEqual(await bed.look({ minutes: 1 }), [])
  assert.deepEqual(await bed.look({ minutes: 30 }), [])
  assert.equal((await bed.alerts())[0]?.state, 'raised')
})

test('what its tier leaves for the review is in the list, and nobody is told', async (t) => {
  const bed = await alertBed(t)
  await documentQueue(bed.store, {
    queue: 'orders',
    fields: { 'tiers.malformed.urgency': 'review' },
    by: 'ana',
    reason: null,
  })
  await bed.captured({ ...missing, tier: 'malformed' })
  assert.deepEqual(await bed.look(), [])
  assert.deepEqual(await bed.look({ minutes: 10_000 }), [])
  assert.deepEqual(
    (await bed.alerts()).map(({ rule, urgency, state, saidAt }) => [rule, urgency, state, saidAt]),
    [['first-failure', 'review', 'raised', null]],
  )
})

test('one look at a time, whichever office takes it', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(missing)
  await bed.store.transaction(async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [advisoryLocks.lookForAlerts])
    await assert.rejects(bed.look(), /somebody else looks/)
  })
  assert.deepEqual(await bed.look(), ['team raised first-failure'])
})

test('who is to be told is written with the alert, or nothing is raised', async (t) => {
  const bed = await alertBed(t)
  await bed.captured({ errorClass: 'AError' })
  await bed.store.pool.query('alter table notification add constraint refuse check (false)')
  await assert.rejects(bed.look())
  assert.deepEqual(await bed.alerts(), [])
  await bed.store.pool.query('alter table notification drop constraint refuse')
  assert.deepEqual(await bed.look(), ['team raised first-failure'])
})
