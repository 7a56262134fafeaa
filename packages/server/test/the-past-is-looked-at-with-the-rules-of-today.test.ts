import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '@redrive/worker'
import { type AlertReplay, acknowledgeAlert, replayAlerts } from '../src/alerts/index.ts'
import { acknowledgeCause, listCauses, snoozeCause } from '../src/causes/index.ts'
import type { AlertsConfig } from '../src/config/index.ts'
import { type AlertBed, alertBed } from './alert-bed.ts'
import { commandLine } from './command-line.ts'

const minuteMs = 60_000
const quarterHourMs = 15 * minuteMs
const six = Array.from('ABCDEF', (letter) => ({ errorClass: `Broken${letter}Error`, error: `${letter} is broken` }))

/** From some minutes before now, as somebody sees it a quarter of an hour from now. */
function look(
  bed: AlertBed,
  {
    config,
    fromMinutes = -5,
    toMinutes = 15,
  }: { readonly config?: Partial<AlertsConfig>; readonly fromMinutes?: number; readonly toMinutes?: number } = {},
): Promise<AlertReplay> {
  const nowMs = Date.now()
  return replayAlerts(bed.store, {
    fromMs: nowMs + fromMinutes * minuteMs,
    toMs: nowMs + toMinutes * minuteMs,
    nowMs: nowMs + quarterHourMs,
    config: { ...bed.options.config, ...config },
  })
}

const said = ({ messages }: AlertReplay): readonly string[] =>
  messages.map(({ notifier, change, rule, queue }) => `${notifier} ${change} ${rule} ${queue}`)

test('the command says what would have been said, and neither writes nor tells anything', async (t) => {
  const bed = await alertBed(t)
  const { server, token } = await bed.http({ clock: { ...systemClock, now: () => Date.now() + quarterHourMs } })
  const run = commandLine({ url: server.url, token })
  await bed.captured(...six)
  const from = new Date(Date.now() - 5 * minuteMs).toISOString()
  const replay = async (...args: readonly string[]): Promise<AlertReplay> => {
    const { code, out, err } = await run('alerts', 'replay', '--from', from, '--json', ...args)
    assert.equal(code, 0, err)
    return JSON.parse(out) as AlertReplay
  }
  const all = await replay()
  assert.deepEqual(said(all), ['team raised storm orders', 'team repeated storm orders'].slice(0, all.messages.length))
  assert.deepEqual(all.totals, [{ rule: 'storm', raised: 1, messages: all.messages.length }])
  assert.ok(all.rules.includes('growth') && !all.rules.includes('source-silent'))
  assert.deepEqual(said(await replay('--queue', 'payments')), [])
  assert.deepEqual(said(await replay('--rule', 'first-failure')), [])

  const { out, err } = await run('alerts', 'replay', '--from', '5m')
  assert.match(out, /team\traised\tpage\tstorm\tSTORM orders: 6 alerts at once/)
  assert.match(err, /Nothing was sent\./)
  assert.match(err, /Looked at: first-failure, .*too little is written down/)
  const { rows } = await bed.store.pool.query(
    'select (select count(*)::int from alert) as alerts, (select count(*)::int from notification) as notifications',
  )
  assert.deepEqual(rows, [{ alerts: 0, notifications: 0 }])
})

test('the limits and routes of today count', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(...six.slice(0, 3))
  const storms = (replay: AlertReplay) => said(replay).filter((line) => !line.includes('first-failure'))
  assert.deepEqual(storms(await look(bed)), [])
  const config = {
    limits: [{ queues: ['ord*'], open: 3 }],
    routes: [{ rules: ['depth' as const], notify: ['oncall'] }],
  }
  assert.deepEqual(said(await look(bed, { config })).toSorted(), [
    'log raised first-failure orders',
    'log raised first-failure orders',
    'log raised first-failure orders',
    'oncall raised depth orders',
  ])
  assert.deepEqual(said(await look(bed, { config: { routes: [{ notify: [] }] } })), [])
})

test('a tier has the limit that is said of it', async (t) => {
  const bed = await alertBed(t)
  const malformed = { tier: 'malformed' as const, errorClass: 'SyntaxError' }
  await bed.captured(...six.slice(0, 2), malformed)
  const routes = [{ rules: ['depth' as const], notify: ['team'] }, { notify: [] }]
  const depths = async (tier: 'malformed' | 'timeout', open: number) =>
    (await look(bed, { config: { limits: [{ tier, open }], routes } })).messages.map(({ title }) => title)
  assert.deepEqual(await depths('malformed', 2), [], 'of three letters one is malformed')
  assert.deepEqual(await depths('malformed', 1), ['DEPTH orders: 1 open malformed letters, the limit is 1'])
  assert.deepEqual(await depths('timeout', 1), [])
})

test('letters of a known cause that came much faster are seen, by what came in the hours before', async (t) => {
  const bed = await alertBed(t, { routes: [{ rules: ['growth'], notify: ['team'] }, { notify: [] }] })
  await bed.captured(...Array.from({ length: 60 }, () => ({ errorClass: 'AError', error: 'no' })))
  const { causes } = await listCauses(bed.store, { onlyOpen: true })
  const snooze = { by: 'ana', reason: 'no shop', letters: null, forSeconds: 86_400, release: null }
  await snoozeCause(bed.store, { cause: causes[0]?.id ?? '', ...snooze })
  await bed.store.pool.query('alter table cause_event disable trigger all')
  await bed.store.pool.query(`update cause_event set at = at - interval '2 hours'`)
  const before = (hours: number, letters: number) =>
    bed.store.pool.query(
      `update cause_hour set hour = date_trunc('hour', now(), 'UTC') - make_interval(hours => $1), letters = $2`,
      [hours, letters],
    )
  const growth = async () => (await look(bed)).messages.map(({ change, title }) => `${change} ${title}`)
  await before(72, 1)
  assert.deepEqual(await growth(), [
    'raised GROWTH orders: 60 letters of known causes in 5 min, at most 50 an hour are usual',
  ])
  await before(72, 80)
  assert.deepEqual(await growth(), [], 'ten times eighty may come in an hour, and sixty in five minutes')
  await before(28 * 24 + 3, 80)
  assert.equal((await growth()).length, 1, 'that was before the four weeks')
  assert.deepEqual((await look(bed, { config: { limits: [{ growth: 'off' }] } })).messages, [])
})

test('letters of a cause whose alert ended within the hour are no growth in the past either', async (t) => {
  const bed = await alertBed(t, { routes: [{ rules: ['growth'], notify: ['team'] }, { notify: [] }] })
  await bed.captured(...Array.from({ length: 60 }, () => ({ errorClass: 'AError', error: 'no' })))
  await bed.discardAll()
  await bed.store.pool.query(`update cause_hour set hour = hour - interval '3 days', letters = 1`)
  assert.deepEqual((await look(bed)).messages, [])
})

test('what went on when the time began is counted and not said, and its end is not either', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(...six)
  const replay = await look(bed, { fromMinutes: 2 })
  assert.deepEqual([replay.wentOn, said(replay)], [6, []])
  assert.equal((await look(bed)).wentOn, 0)
})

test('what came and ended in one minute, and what was taken in its first, is seen', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(...six.slice(0, 1))
  await bed.discardAll()
  await bed.captured(...six.slice(1, 2))
  const { causes } = await listCauses(bed.store, { onlyOpen: true })
  await acknowledgeCause(bed.store, { cause: causes[0]?.id ?? '', by: 'ana' })
  const { messages } = await look(bed)
  const of = (taken: boolean) =>
    messages.filter(({ cause }) => (cause === causes[0]?.id) === taken).map(({ change }) => change)
  assert.deepEqual(
    [of(true), of(false)],
    [
      ['raised', 'acknowledged'],
      ['raised', 'resolved'],
    ],
  )
})

test('that somebody took a storm is seen', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(...six)
  assert.deepEqual(await bed.look(), ['team raised storm'])
  const storm = (await bed.alerts()).find(({ rule }) => rule === 'storm')
  await acknowledgeAlert(bed.store, { alert: storm?.id ?? '', by: 'ana' }, bed.options)
  assert.deepEqual(said(await look(bed)), ['team raised storm orders', 'team acknowledged storm orders'])
})

test('a time that is none, not past or too long is refused', async (t) => {
  const bed = await alertBed(t)
  const { server, token } = await bed.http()
  const status = async (query: string): Promise<number> =>
    (await fetch(`${server.url}/api/v1/alerts/replay?${query}`, { headers: { authorization: `Bearer ${token}` } }))
      .status
  const ago = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString()
  assert.equal(await status(`from=${ago(1)}`), 200)
  assert.equal(await status(`from=${ago(30.9)}`), 200)
  for (const query of [
    '',
    `from=${ago(-1)}`,
    `from=${ago(31.1)}`,
    `from=${ago(1)}&to=${ago(2)}`,
    'from=2026-13-45T00:00Z',
    'from=tomorrow',
    `from=${ago(1)}&rule=source-silent`,
  ])
    assert.equal(await status(query), 400, query)
  const run = commandLine({ url: server.url, token })
  assert.equal((await run('alerts', 'replay')).code, 2)
  assert.equal((await run('alerts', 'replay', '--from', 'yesterday')).code, 2)
})

test('a share that was too large is seen from the reports of its minutes, and it is said from when on there are some', async (t) => {
  const bed = await alertBed(t)
  await bed.captured(...six.slice(0, 1))
  const report = (minutesAgo: number, seconds: 60 | 3600, died: number) =>
    bed.store.pool.query(
      `insert into traffic (queue_id, consumer, seconds, at, reports, handled, retried, discarded, skipped, died_transient, died_permanent, died_malformed, died_timeout, died_exhausted, died_unknown)
       select id, 'reefer', $2, date_trunc(case when $2 = 60 then 'minute' else 'hour' end, now() - make_interval(mins => $1), 'UTC'), 1, 80, 0, 0, 0, 0, 0, 0, $3, 0, 0 from queue`,
      [minutesAgo, seconds, died],
    )
  for (let minute = 40; minute > 30; minute--) await report(minute, 60, 20)
  for (let minute = 30; minute > 0; minute--) await report(minute, 60, 0)
  const rates = (replay: AlertReplay) => replay.messages.filter(({ rule }) => rule === 'death-rate')
  const recent = await look(bed, { fromMinutes: -60, toMinutes: 0 })
  assert.deepEqual(
    rates(recent).map(({ change, queue, title }) => [change, queue, title.replace(/ of .*/, '')]),
    [
      ['raised', 'orders', 'DEATH RATE orders: 20 %'],
      ['resolved', 'orders', 'DEATH RATE orders: 20 %'],
    ],
  )
  assert.deepEqual(recent.later, [])
  const middle = await look(bed, { fromMinutes: -32, toMinutes: 0 })
  assert.deepEqual(rates(middle), [], 'it went on when the time began')
  const tier = { limits: [{ queues: ['orders'], tier: 'timeout' as const, deathPercent: 1 }] }
  assert.equal(
    rates(await look(bed, { fromMinutes: -60, toMinutes: 0, config: tier })).length,
    4,
    'the tier has a limit of its own',
  )
  await report(300, 3600, 80)
  const long = await look(bed, { fromMinutes: -600, toMinutes: 0 })
  assert.equal(rates(long).length, 2)
  const [later] = long.later
  assert.equal(later?.rule, 'death-rate')
  const minutesAgo = (Date.now() - Date.parse(later?.from ?? '')) / minuteMs
  assert.ok(minutesAgo > 239 && minutesAgo < 301, `from ${minutesAgo} minutes ago on`)
  const { server, token } = await bed.http()
  const { err } = await commandLine({ url: server.url, token })('alerts', 'replay', '--from', '10h')
  assert.match(err, /death-rate could be looked at from .*Z on: what is older is kept by the hour/)
})
