import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { fakeClock } from '@redrive/worker/testing'
import { listAudit } from '../src/audit/index.ts'
import { defaultRetention, parseConfig } from '../src/config/index.ts'
import {
  changeSchedule,
  reviewOf,
  reviewText,
  sayScheduleByFile,
  scheduleOf,
  watchReviews,
} from '../src/review/index.ts'
import { weekAt, weekSpan } from '../src/review/week.ts'
import { until } from '../src/testing/opened-store.ts'
import { alertBed } from './alert-bed.ts'
import { commandLine } from './command-line.ts'
import { type OfficeBed, officeBed } from './office-bed.ts'

const reviewedBy = { team: { type: 'slack' }, oncall: { type: 'pagerduty' } } as const
const able = ['team', 'log']
const env = { URL: 'https://hooks.slack.com/x' }
const notifiers = 'notifiers: { team: { type: slack, url: "${env:URL}" } }\n'
const byFile = (bed: OfficeBed, text: string, file = '/etc/redrive.yaml'): Promise<void> =>
  sayScheduleByFile(bed.store, parseConfig(`${notifiers}${text}`, { file, env }))

interface Answer {
  readonly code?: string
  readonly detail?: string
  readonly zone?: { readonly value: string; readonly origin: string; readonly by: string | null }
  readonly at?: { readonly value: string; readonly origin: string; readonly by: string | null }
  readonly notify?: { readonly value: readonly string[]; readonly origin: string; readonly by: string | null }
  readonly unknown?: readonly string[]
  readonly next?: { readonly week: string; readonly at: string } | null
  readonly last?: { readonly week: string; readonly at: string } | null
}

async function signedIn(t: TestContext, nowMs = Date.now()) {
  const bed = await officeBed(t)
  const clock = { now: () => nowMs, monotonic: () => performance.now(), sleep: async () => undefined }
  const { server, token } = await bed.http({ reviewedBy, clock: clock as never })
  const call = async (body?: object): Promise<Answer> => {
    const response = await fetch(`${server.url}/api/v1/review-schedule`, {
      method: body === undefined ? 'GET' : 'PATCH',
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return (await response.json()) as Answer
  }
  return {
    bed,
    call,
    set: (schedule: object) => call({ schedule, by: 'ann' }),
    redrive: commandLine({ url: server.url, token }),
  }
}

test('without a word reviews go to nobody; what is said by API counts at once and is in the audit trail', async (t) => {
  const { bed, call, set } = await signedIn(t, Date.parse('2026-11-25T12:00:00Z'))
  const { zone, at, notify, next, last } = await call()
  assert.deepEqual([zone?.value, at?.value, notify?.value, next, last], ['UTC', 'mon 08:00', [], null, null])
  assert.deepEqual([zone?.origin, zone?.by], ['default', null])
  const set1 = await set({ zone: 'Europe/Zurich', at: 'tue 07:30', notify: ['team', 'team', 'log'] })
  assert.equal(set1.zone?.origin, 'api')
  assert.match(set1.zone?.by ?? '', /^ann \(token test-/)
  assert.deepEqual(set1.next, { week: '2026-W48', at: '2026-12-01T06:30:00.000Z' })
  assert.deepEqual(await scheduleOf(bed.store.pool, { able }), {
    zone: 'Europe/Zurich',
    at: 'tue 07:30',
    notify: ['team', 'log'],
  })
  await set({ at: 'tue 07:30' })
  await set({ at: null })
  assert.deepEqual((await call()).at?.value, 'mon 08:00')
  const trail = (await listAudit(bed.store, { limit: 10 })).filter(({ action }) => action === 'review.schedule')
  assert.deepEqual(
    trail.map(({ details }) => details),
    [
      { at: { was: 'tue 07:30', is: 'mon 08:00' } },
      {
        zone: { was: 'UTC', is: 'Europe/Zurich' },
        at: { was: 'mon 08:00', is: 'tue 07:30' },
        notify: { was: [], is: ['team', 'team', 'log'] },
      },
    ],
    'what changes nothing is no entry',
  )
})

test('what the file says wins and is changed there only; what it no longer says falls back', async (t) => {
  const { bed, call, set } = await signedIn(t)
  await set({ at: 'fri 16:00', notify: ['log'] })
  await byFile(bed, 'review:\n  zone: Europe/Zurich\n  notify: [team]\n')
  const { zone, at, notify } = await call()
  assert.deepEqual([zone?.origin, zone?.by], ['file', '/etc/redrive.yaml:3'])
  assert.deepEqual([at?.value, notify?.value], ['fri 16:00', ['team']])
  const refused = await set({ at: 'thu 16:00', notify: ['log'] })
  assert.equal(refused.code, 'STATE_CONFLICT')
  assert.equal(
    refused.detail,
    'A configuration file says it: review.notify in /etc/redrive.yaml:4. Nothing was changed.',
  )
  assert.equal((await call()).at?.value, 'fri 16:00', 'all or nothing')
  await byFile(bed, 'review: { at: "sun 10:00" }\n', '/other.yaml')
  assert.equal((await call()).zone?.value, 'Europe/Zurich', 'another file leaves it')
  await byFile(bed, '')
  assert.deepEqual((await call()).notify?.value, ['log'])
  assert.equal((await call()).at?.value, 'sun 10:00')
})

test('what cannot be is refused in words, and changes nothing', async (t) => {
  const { bed, call, set } = await signedIn(t)
  for (const [schedule, wrong] of [
    [{}, /^Nothing is said of the schedule/],
    [{ zone: 'Moon/Base' }, /^zone: is no time zone/],
    [{ notify: ['team', 'chat'] }, /^notify\.1: there is no notifier "chat"; known are team, log\.$/],
    [{ notify: ['oncall'] }, /^notify\.0: "oncall" is for alerts alone/],
    [{ at: 'monday 8' }, /at/],
    [{ days: 3 }, /days/],
  ] as const) {
    const { code, detail } = await set(schedule)
    assert.equal(code, 'REQUEST_INVALID')
    assert.match(detail ?? '', wrong)
  }
  assert.deepEqual((await bed.store.pool.query('select from review_schedule')).rowCount, 0)
  await bed.store.pool.query(`insert into review_schedule values ('notify', 'api', '["gone"]', 'ann')`)
  assert.deepEqual((await call()).unknown, ['gone'])
  assert.deepEqual((await scheduleOf(bed.store.pool, { able })).notify, ['log'], 'and its review is not lost')
})

test('an office that runs sends the review to whom it was said meanwhile', async (t) => {
  const bed = await alertBed(t)
  await bed.captured({ errorClass: 'AError' })
  const endMs = weekSpan(weekAt(Date.now(), 'UTC'), 'UTC')?.toMs ?? 0
  const clock = fakeClock(endMs + 9 * 3_600_000)
  const count = async (query: string): Promise<number> => (await bed.store.pool.query(query)).rowCount ?? 0
  const watch = watchReviews(bed.store, {
    schedule: () => scheduleOf(bed.store.pool, { able }),
    facts: () => ({ config: { limits: [], routes: [] }, captures: [], retention: defaultRetention }),
    onWritten: () => undefined,
    tell: (line) => assert.fail(line),
    clock,
  })
  bed.ending(() => watch.stop())
  await until(async () => (await count('select from review')) === 1)
  await clock.advance(120_000)
  assert.equal(await count('select from notification'), 0)
  await changeSchedule(bed.store, { fields: { notify: ['team'] }, by: 'ann', reason: null, notifiers: reviewedBy })
  await until(async () => {
    await clock.advance(60_000)
    return (await count(`select from notification where notifier = 'team' and change = 'review'`)) === 1
  })
})

test('a week that was kept for another zone says so', async (t) => {
  const bed = await alertBed(t)
  await bed.captured({ errorClass: 'AError' })
  const week = weekAt(Date.now(), 'UTC')
  const nowMs = (weekSpan(week, 'UTC')?.toMs ?? 0) + 86_400_000
  const facts = { config: { limits: [], routes: [] }, captures: [], retention: defaultRetention, week, nowMs }
  const made = await reviewOf(bed.store, { ...facts, zone: 'UTC' })
  assert.equal(made.zoneNow, null)
  const later = await reviewOf(bed.store, { ...facts, zone: 'Asia/Tokyo' })
  assert.deepEqual([later.zone, later.zoneNow, later.madeAt], ['UTC', 'Asia/Tokyo', made.madeAt])
  assert.match(reviewText(later), /\(weeks of UTC, as when it was kept; weeks are of Asia\/Tokyo now\)/)
  assert.equal((await reviewOf(bed.store, { ...facts, zone: 'UTC' })).zoneNow, null)
})

test('on the command line it is shown and said', async (t) => {
  const { bed, redrive } = await signedIn(t, Date.parse('2026-11-25T12:00:00Z'))
  const none = await redrive('review', 'schedule')
  assert.equal(none.out, 'zone    UTC  default\nat      mon 08:00  default\nnotify  nobody  default\n')
  assert.match(none.err, /^Nobody gets it\. /)
  const said = await redrive(
    'review',
    'schedule',
    '--notify',
    'team',
    '--notify',
    'log',
    '--zone',
    'Asia/Tokyo',
    '--by',
    'ann',
  )
  assert.match(
    said.out,
    /^zone {4}Asia\/Tokyo {2}by ann \(token .*\nat {6}mon 08:00 {2}default\nnotify {2}team, log {2}by ann/,
  )
  assert.match(said.out, /^next {4}2026-W48, to be sent 2026-11-29T23:00:00\.000Z$/m)
  assert.deepEqual(JSON.parse((await redrive('review', 'schedule', '--clear', 'zone', '--json')).out).zone.value, 'UTC')
  for (const wrong of [['--clear', 'week'], ['--zone', 'UTC', '--clear', 'zone'], ['last']])
    assert.equal((await redrive('review', 'schedule', ...wrong)).code, 2)
  await bed.store.pool.query(
    `insert into review (week, made_at, content, sent_at) values ('2026-W01', '2026-01-05T00:01Z', '{"zone":"UTC","headline":"quiet"}', '2026-01-05T08:00Z')`,
  )
  assert.equal(
    (await redrive('review', '--list')).out,
    'WEEK\tZONE\tMADE\tSENT\tREVIEW\n2026-W01\tUTC\t2026-01-05 00:01\t2026-01-05 08:00\tquiet\n',
  )
  assert.match((await redrive('review', 'schedule')).out, /^last {4}2026-W01, sent 2026-01-05T08:00:00\.000Z$/m)
  assert.equal((await redrive('review', 'last')).code, 0, 'a week is no command')
})
