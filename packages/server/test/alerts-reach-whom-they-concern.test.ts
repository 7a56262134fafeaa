import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acknowledgeAlert } from '../src/alerts/index.ts'
import { acknowledgeCause, fixCause, listCauses } from '../src/causes/index.ts'
import { documentQueue } from '../src/queues/index.ts'
import { alertBed } from './alert-bed.ts'

const letters = (many: number, of: string) =>
  Array.from({ length: many }, (_, n) => ({
    errorClass: `${of}${'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.charAt(n)}Error`,
    error: `${of} failed`,
  }))

test('five new causes of a queue at once are one message, which names them', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(...letters(5, 'Deploy'))
  assert.deepEqual(await bed.look(), ['team raised storm'])
  const [notice] = await bed.notices()
  assert.match(notice?.title ?? '', /^STORM orders: 5 alerts at once, the newest: NEW orders: 1 letter, /)
  assert.equal(notice?.facts.length, 5)
  assert.match(notice?.facts[0]?.value ?? '', /^NEW orders: 1 letter, .*Error/)
  assert.equal((await bed.alerts()).length, 6)
})

test('what joins a storm is said with it, ten minutes later and together', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(...letters(4, 'First'))
  assert.equal((await bed.look()).length, 4)
  await bed.captured(...letters(2, 'Second'))
  assert.deepEqual(await bed.look({ minutes: 1 }), ['team raised storm'])
  await bed.captured(...letters(3, 'Third'))
  assert.deepEqual(await bed.look({ minutes: 2 }), [])
  await bed.captured(...letters(1, 'Fourth'))
  assert.deepEqual(await bed.look({ minutes: 10 }), [])
  assert.deepEqual(await bed.look({ minutes: 11.5 }), ['team repeated storm'])
  assert.match((await bed.notices()).at(-1)?.title ?? '', /^STORM orders: 6 alerts at once, /)
})

test('who takes a storm takes all it spoke for; it is over with the last of them', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(...letters(5, 'Deploy'))
  await bed.look()
  const storm = (await bed.alerts()).find(({ rule }) => rule === 'storm')
  await acknowledgeAlert(bed.store, { alert: storm?.id ?? '', by: 'ana' }, bed.options)
  assert.deepEqual(new Set((await bed.alerts()).map(({ state }) => state)), new Set(['acknowledged']))
  assert.deepEqual(await bed.look(), ['team acknowledged storm'])
  const { causes } = await listCauses(bed.store, {})
  assert.deepEqual(new Set(causes.map(({ state }) => state)), new Set(['acknowledged']))
  for (const { id } of causes.slice(1)) await fixCause(bed.store, { cause: id, by: 'ana' })
  assert.deepEqual(await bed.look(), [])
  await fixCause(bed.store, { cause: causes[0]?.id ?? '', by: 'ana' })
  assert.deepEqual(await bed.look(), ['team resolved storm'])
})

test('a storm of which all is taken one by one is taken, and not repeated', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(...letters(6, 'Deploy'))
  assert.deepEqual(await bed.look(), ['team raised storm'])
  const [first, ...others] = (await listCauses(bed.store)).causes.map(({ id }) => id)
  for (const cause of others) await acknowledgeCause(bed.store, { cause, by: 'ana' })
  assert.deepEqual(await bed.look(), [])
  assert.deepEqual(await bed.look({ minutes: 61 }), ['team repeated storm'], 'one is left')
  await acknowledgeCause(bed.store, { cause: first ?? '', by: 'ben' })
  assert.deepEqual(await bed.look({ minutes: 62 }), ['team acknowledged storm'])
  assert.equal((await bed.notices()).at(-1)?.facts[0]?.value, 'ben')
  assert.deepEqual(await bed.look({ minutes: 600 }), [])
})

test('what joins a storm and is taken before it is said needs no word', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(...letters(5, 'Deploy'))
  assert.deepEqual(await bed.look(), ['team raised storm'])
  const storm = (await bed.alerts()).find(({ rule }) => rule === 'storm')
  await acknowledgeAlert(bed.store, { alert: storm?.id ?? '', by: 'ana' }, bed.options)
  await bed.captured(...letters(1, 'Later'))
  assert.deepEqual(await bed.look(), ['team acknowledged storm'])
  for (const { id } of (await listCauses(bed.store)).causes) await acknowledgeCause(bed.store, { cause: id, by: 'ana' })
  assert.deepEqual(await bed.look({ minutes: 20 }), [])
  assert.deepEqual(await bed.look({ minutes: 600 }), [])
})

test('many queues at once are one message too', async (t) => {
  const bed = await alertBed(t)
  const many = Array.from({ length: 25 }, (_, n) => ({ queue: `made-up-${n}`, error: 'no', errorClass: 'NoError' }))
  await bed.captured(...many)
  assert.deepEqual(await bed.look(), ['team raised storm'])
  assert.match((await bed.notices())[0]?.title ?? '', /^STORM 25 queues: 25 alerts at once, /)
})

test('the first route that matches counts, later ones while it says so, and the log hears what no route speaks of', async (t) => {
  const bed = await alertBed(t, {
    routes: [
      { queues: ['orders*'], tiers: ['transient'], notify: ['watch'], continue: true },
      { rules: ['first-failure'], queues: ['orders', 'bill*ing'], notify: ['oncall', 'watch'] },
      { queues: ['orders'], notify: ['nobody-comes-here'] },
      { queues: ['silent'], notify: [] },
    ],
  })
  await bed.captured({ tier: 'transient', errorClass: 'AError' })
  assert.deepEqual(await bed.look(), ['watch raised first-failure', 'oncall raised first-failure'])
  await bed.captured({ queue: 'bill-and-ing', errorClass: 'AError' })
  assert.deepEqual(await bed.look(), ['oncall raised first-failure', 'watch raised first-failure'])
  await bed.captured({ queue: 'other', errorClass: 'AError' }, { queue: 'silent', errorClass: 'AError' })
  assert.deepEqual(await bed.look(), ['log raised first-failure'])
  assert.equal((await bed.alerts()).length, 4)
})

test('an owner can have a route of its own', async (t) => {
  const bed = await alertBed(t, {
    routes: [{ owners: ['team-reefer'], notify: ['reefer'] }, { notify: ['everybody'] }],
  })
  await documentQueue(bed.store, { queue: 'orders', fields: { owner: 'team-reefer' }, by: 'ana', reason: null })
  await bed.captured({ errorClass: 'AError' }, { errorClass: 'AError', queue: 'other' })
  assert.deepEqual(
    new Set(await bed.look()),
    new Set(['reefer raised first-failure', 'everybody raised first-failure']),
  )
})

test('while nobody takes it others are told, once for each step; whoever was told hears how it ends', async (t) => {
  const bed = await alertBed(t, {
    routes: [
      {
        notify: ['oncall'],
        escalate: [
          { afterMinutes: 45, notify: ['boss'] },
          { afterMinutes: 15, notify: ['lead'] },
        ],
      },
    ],
  })
  await bed.captured({ errorClass: 'AError' })
  assert.deepEqual(await bed.look(), ['oncall raised first-failure'])
  assert.deepEqual(await bed.look({ minutes: 14 }), [])
  assert.deepEqual(await bed.look({ minutes: 16 }), ['lead escalated first-failure'])
  assert.deepEqual(await bed.look({ minutes: 20 }), [])
  const [alert] = await bed.alerts()
  await acknowledgeAlert(bed.store, { alert: alert?.id ?? '', by: 'ana' }, bed.options)
  assert.deepEqual(await bed.look({ minutes: 60 }), [
    'oncall acknowledged first-failure',
    'lead acknowledged first-failure',
  ])
})

test('at quiet hours a ticket waits until they are over, and a page does not', async (t) => {
  const saturday = Date.parse('2026-11-28T12:00:00Z')
  const quiet = { hours: '22:00-07:00', days: ['sat', 'sun'], zone: 'Europe/Zurich' } as const
  const bed = await alertBed(t, { limits: [{ open: 1 }], routes: [{ notify: ['team'], quiet }] })
  await bed.captured({ errorClass: 'AError' })
  assert.deepEqual(await bed.look({ queues: true, nowMs: saturday }), [
    'team raised first-failure',
    'team raised depth',
  ])
  const { rows } = await bed.store.pool.query<{ rule: string; hold_until: Date | null }>(
    `select notice ->> 'rule' as rule, hold_until from notification order by id`,
  )
  assert.deepEqual(rows, [
    { rule: 'first-failure', hold_until: null },
    { rule: 'depth', hold_until: new Date('2026-11-30T06:00:00Z') },
  ])
})

test('that a notifier is down is told by the others and the log', async (t) => {
  const bed = await alertBed(t, { routes: [{ notify: ['chat', 'mail'] }] })
  await bed.captured({ errorClass: 'AError' })
  await bed.look()
  await bed.store.pool.query(
    `insert into notifier (name, down_since, problem) values ('chat', now(), 'chat.example answered 503')`,
  )
  assert.deepEqual(await bed.look({ minutes: 1 }), [])
  assert.deepEqual(await bed.look({ minutes: 4 }), ['mail raised notifier-down', 'log raised notifier-down'])
  await bed.store.pool.query(`update notifier set down_since = null`)
  assert.deepEqual(await bed.look({ minutes: 5 }), [])
  assert.deepEqual(await bed.look({ minutes: 8 }), ['mail resolved notifier-down', 'log resolved notifier-down'])
})

test('that a notifier is down is told by all that any route names, also those that are told of no such alert', async (t) => {
  const bed = await alertBed(t, {
    routes: [
      { owners: ['team-reefer'], notify: ['oncall'], escalate: [{ afterMinutes: 15, notify: ['lead'] }] },
      { notify: ['team'] },
    ],
  })
  await bed.captured({ errorClass: 'AError' })
  await bed.look()
  await bed.store.pool.query(`insert into notifier (name, down_since) values ('team', now())`)
  assert.deepEqual(await bed.look({ minutes: 4 }), [
    'oncall raised notifier-down',
    'lead raised notifier-down',
    'log raised notifier-down',
  ])
})

test('a route that names the rule says who is told that a notifier is down', async (t) => {
  const bed = await alertBed(t, {
    routes: [{ rules: ['notifier-down'], notify: ['ops'] }, { notify: ['chat', 'mail'] }],
  })
  await bed.captured({ errorClass: 'AError' })
  await bed.look()
  await bed.store.pool.query(`insert into notifier (name, down_since) values ('chat', now())`)
  assert.deepEqual(await bed.look({ minutes: 4 }), ['ops raised notifier-down'])
})

test('a notifier that refuses all it is given is down though nothing waits for it', async (t) => {
  const bed = await alertBed(t, { routes: [{ notify: ['chat', 'mail'] }] })
  await bed.store.pool.query(
    `insert into notifier (name, down_since, problem, refused) values
       ('chat', now(), 'chat.example answered 400', 2), ('mail', now(), 'mail.example answered 554', 1)`,
  )
  assert.deepEqual(await bed.look({ minutes: 4 }), ['mail raised notifier-down', 'log raised notifier-down'])
  assert.deepEqual((await bed.notices()).at(-1)?.facts.at(-1), { name: 'refused', value: '2' })
})

test('when the only notifier is down the log says so', async (t) => {
  const bed = await alertBed(t)
  await bed.captured({ errorClass: 'AError' })
  await bed.look()
  await bed.store.pool.query(`insert into notifier (name, down_since) values ('team', now())`)
  assert.deepEqual(await bed.look({ minutes: 4 }), ['log raised notifier-down'])
})
