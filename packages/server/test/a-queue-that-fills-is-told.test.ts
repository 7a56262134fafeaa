import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Finding } from '../src/doctor/index.ts'
import { documentQueue } from '../src/queues/index.ts'
import { type AlertBed, alertBed } from './alert-bed.ts'

const many = (count: number, of: object = {}) =>
  Array.from({ length: count }, () => ({ errorClass: 'AError', error: 'no', ...of }))

test('a limit is passed once, and holds until a fifth below it', async (t) => {
  const bed = await alertBed(t, {
    limits: [{ queues: ['ord*'], open: 10 }],
    routes: [{ rules: ['depth'], notify: ['team'] }, { notify: [] }],
  })
  const ids = await bed.captured(...many(9))
  assert.deepEqual(await bed.look({ queues: true }), [])
  await bed.captured(...many(1))
  assert.deepEqual(await bed.look({ queues: true }), ['team raised depth'])
  assert.equal((await bed.notices())[0]?.title, 'DEPTH orders: 10 open letters, the limit is 10')
  for (const minutes of [6, 12, 18]) assert.deepEqual(await bed.look({ minutes }), [], 'nobody looked at queues')
  await bed.discard(ids.slice(0, 2))
  assert.deepEqual(await bed.look({ queues: true, minutes: 20 }), [], '8 are not below 8')
  assert.deepEqual(await bed.look({ queues: true, minutes: 26 }), [])
  await bed.discard(ids.slice(2, 3))
  assert.deepEqual(await bed.look({ queues: true, minutes: 27 }), [])
  assert.deepEqual(await bed.look({ queues: true, minutes: 33 }), ['team resolved depth'])
  await bed.captured(...many(2))
  assert.deepEqual(await bed.look({ queues: true, minutes: 34 }), [], '9 are below 10')
})

test('a tier may have a limit of its own, and a limit may be off', async (t) => {
  const bed = await alertBed(t, {
    limits: [{ tier: 'malformed', open: 2 }, { open: 'off' }, { open: 1 }],
    routes: [{ rules: ['depth'], notify: ['team'] }, { notify: [] }],
  })
  await bed.captured(...many(5), ...many(1, { tier: 'malformed' }))
  assert.deepEqual(await bed.look({ queues: true }), [])
  await bed.captured(...many(1, { tier: 'malformed' }))
  assert.deepEqual(await bed.look({ queues: true }), ['team raised depth'])
  assert.equal((await bed.notices())[0]?.title, 'DEPTH orders: 2 open malformed letters, the limit is 2')
})

test('the limit of a queue is said by API, but where the file names the queue', async (t) => {
  const say = (bed: AlertBed, fields: Readonly<Record<string, string>>, queue = 'orders') =>
    documentQueue(bed.store, { queue, fields, by: 'ann', reason: null })
  const routes = [{ rules: ['depth'], notify: ['team'] }, { notify: [] }] as const
  const bed = await alertBed(t, { limits: [{ queues: ['bill*'], open: 9 }, { open: 8 }], routes })
  await say(bed, { 'alerts.open': '4', 'tiers.malformed.alerts.open': '1' })
  await say(bed, { 'alerts.open': '1' }, 'bills')
  await say(bed, { 'alerts.open': '1' }, 'order*')
  await bed.captured(...many(3), ...many(3, { queue: 'bills' }))
  assert.deepEqual(await bed.look({ queues: true }), [], 'the file names bills, and a star in a name is a star')
  await bed.captured(...many(1))
  assert.deepEqual(await bed.look({ queues: true }), ['team raised depth'])
  assert.equal((await bed.notices())[0]?.title, 'DEPTH orders: 4 open letters, the limit is 4')
  await bed.captured(...many(1, { tier: 'malformed' }))
  assert.deepEqual(await bed.look({ queues: true, minutes: 1 }), ['team raised depth'])
  assert.equal((await bed.notices()).at(-1)?.title, 'DEPTH orders: 1 open malformed letters, the limit is 1')
  await say(bed, { 'alerts.open': 'off', 'tiers.malformed.alerts.open': 'off' })
  await bed.look({ queues: true, minutes: 2 })
  assert.deepEqual(await bed.look({ queues: true, minutes: 8 }), ['team resolved depth', 'team resolved depth'])
})

test('a letter that is open for longer than the limit is told', async (t) => {
  const bed = await alertBed(t, {
    limits: [{ ageHours: 2 }],
    routes: [{ rules: ['age'], notify: ['team'] }, { notify: [] }],
  })
  await bed.captured(...many(1))
  assert.deepEqual(await bed.look({ queues: true, minutes: 119 }), [])
  assert.deepEqual(await bed.look({ queues: true, minutes: 121 }), ['team raised age'])
  await bed.discardAll()
  await bed.look({ queues: true, minutes: 122 })
  assert.deepEqual(await bed.look({ queues: true, minutes: 128 }), ['team resolved age'])
})

test('letters of a known cause that come much faster are told; those of a cause that is told already are not', async (t) => {
  const bed = await alertBed(t, { routes: [{ rules: ['growth', 'first-failure'], notify: ['team'] }] })
  await bed.captured(...many(60))
  assert.deepEqual(await bed.look({ queues: true }), ['team raised first-failure'])
  await bed.discardAll()
  // Its hours are of long ago, for a new queue's limit is what its greatest hour had.
  await bed.store.pool.query(`update cause_hour set hour = hour - interval '3 days', letters = 1`)
  await bed.look({ minutes: 1 })
  await bed.look({ minutes: 12 })
  assert.deepEqual(await bed.look({ queues: true, minutes: 12 }), [], 'nor is what was told within the hour')
  await bed.store.pool.query(`update alert set said_at = said_at - interval '2 hours'`)
  assert.deepEqual(await bed.look({ queues: true, minutes: 12 }), ['team raised growth'])
  assert.match(
    (await bed.notices()).at(-1)?.title ?? '',
    /^GROWTH orders: 60 letters of known causes in \d+ min, at most 50 an hour are usual$/,
  )
})

test('findings of the doctor that are no advice are told, each once, to the owner', async (t) => {
  const bed = await alertBed(t, { routes: [{ owners: ['team-reefer'], notify: ['reefer'] }, { notify: ['team'] }] })
  const finding = (of: Partial<Finding>): Finding => ({
    code: 'books-unbalanced',
    severity: 'problem',
    queue: null,
    what: '3 letters unaccounted for',
    why: 'why',
    next: 'redrive ledger',
    ...of,
  })
  await documentQueue(bed.store, { queue: 'orders', fields: { owner: 'team-reefer' }, by: 'ana', reason: null })
  await bed.captured({ errorClass: 'AError' })
  await bed.look()
  const findings = [
    finding({}),
    finding({ code: 'uncertain-waiting', severity: 'warning', queue: 'orders', what: '2 uncertain letters wait' }),
    finding({ code: 'queue-without-owner', severity: 'advice', queue: 'empty' }),
    finding({ code: 'queue-undocumented', severity: 'warning', queue: 'billing' }),
    finding({ code: 'tier-without-process', severity: 'warning', queue: 'billing' }),
  ]
  assert.deepEqual(await bed.look({ findings }), [
    'team raised books-unbalanced',
    'reefer raised uncertain-waiting',
    'team raised queue-without-owner',
  ])
  assert.deepEqual(await bed.look({ findings, minutes: 5 }), [])
  assert.deepEqual(await bed.look({ findings: [], minutes: 6 }), [])
  assert.deepEqual(await bed.look({ findings: [], minutes: 12 }), [
    'team resolved books-unbalanced',
    'reefer resolved uncertain-waiting',
    'team resolved queue-without-owner',
  ])
})

test('a run that stopped itself is told to the owner of its queue, while it has one queue', async (t) => {
  const bed = await alertBed(t, {
    routes: [
      { rules: ['run-halted'], queues: ['orders'], owners: ['team-reefer'], notify: ['reefer'] },
      { rules: ['run-halted'], notify: ['team'] },
      { notify: [] },
    ],
  })
  await documentQueue(bed.store, { queue: 'orders', fields: { owner: 'team-reefer' }, by: 'ana', reason: null })
  await bed.captured(...many(2))
  await bed.run(await bed.plan({ query: 'queue:orders' }))
  await bed.store.pool.query(`update run set state = 'halted', problem = 'too many came back'`)
  assert.deepEqual(await bed.look(), ['reefer raised run-halted'])
  assert.deepEqual(await bed.look(), [])
  await bed.store.pool.query(`update run set state = 'cancelled'`)
  assert.deepEqual(await bed.look(), ['reefer resolved run-halted'])
  await bed.captured(...many(1), ...many(1, { queue: 'other' }))
  await bed.run(await bed.plan({ query: 'state:open' }))
  await bed.store.pool.query(`update run set state = 'halted' where state <> 'cancelled'`)
  assert.deepEqual(await bed.look(), ['team raised run-halted'])
})

test('a run that stopped itself is said alone, also in a storm of its queue', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(...many(2))
  await bed.run(await bed.plan({ query: 'queue:orders' }))
  await bed.captured(
    ...Array.from({ length: 5 }, (_, n) => ({ errorClass: `Bad${'ABCDE'.charAt(n)}Error`, error: 'no' })),
  )
  assert.deepEqual(await bed.look(), ['team raised storm'])
  await bed.store.pool.query(`update run set state = 'halted', problem = 'too many came back'`)
  assert.deepEqual(await bed.look(), ['team raised run-halted'])
})

test('a run that stopped itself is told, and one that somebody paused is not', async (t) => {
  const bed = await alertBed(t, { routes: [{ rules: ['run-halted'], notify: ['team'] }, { notify: [] }] })
  await bed.captured(...many(2))
  const run = await bed.run(await bed.plan({ query: 'queue:orders' }))
  await bed.store.pool.query(`update run set state = 'paused'`)
  assert.deepEqual(await bed.look(), [])
  await bed.store.pool.query(`update run set state = 'halted', problem = '5 of the last 200 came back'`)
  assert.deepEqual(await bed.look(), ['team raised run-halted'])
  assert.equal((await bed.notices())[0]?.title, `HALTED run ${run.id}: 5 of the last 200 came back`)
  await bed.store.pool.query(`update run set state = 'cancelled'`)
  assert.deepEqual(await bed.look(), ['team resolved run-halted'])
})
