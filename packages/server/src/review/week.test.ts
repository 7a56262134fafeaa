import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dueMs, lastWeekAt, weekAt, weekSpan } from './week.ts'

const iso = (ms: number): string => new Date(ms).toISOString()
const spanOf = (week: string, zone: string): readonly string[] => {
  const span = weekSpan(week, zone)
  return span === null ? [] : [iso(span.fromMs), iso(span.toMs)]
}

test('a week begins on a Monday at midnight of its zone', () => {
  assert.deepEqual(spanOf('2026-W47', 'UTC'), ['2026-11-16T00:00:00.000Z', '2026-11-23T00:00:00.000Z'])
  assert.deepEqual(spanOf('2026-W47', 'Europe/Zurich'), ['2026-11-15T23:00:00.000Z', '2026-11-22T23:00:00.000Z'])
  assert.deepEqual(spanOf('2026-W47', 'Asia/Kathmandu'), ['2026-11-15T18:15:00.000Z', '2026-11-22T18:15:00.000Z'])
})

test('weeks with a change of the clocks are an hour shorter or longer', () => {
  assert.deepEqual(spanOf('2026-W13', 'Europe/Zurich'), ['2026-03-22T23:00:00.000Z', '2026-03-29T22:00:00.000Z'])
  assert.deepEqual(spanOf('2026-W43', 'Europe/Zurich'), ['2026-10-18T22:00:00.000Z', '2026-10-25T23:00:00.000Z'])
})

test('years have 52 weeks or 53, and a week belongs to the year of its Thursday', () => {
  assert.equal(weekAt(Date.parse('2027-01-03T23:59:59Z'), 'UTC'), '2026-W53')
  assert.equal(weekAt(Date.parse('2025-12-29T00:00:00Z'), 'UTC'), '2026-W01')
  assert.deepEqual(spanOf('2026-W53', 'UTC'), ['2026-12-28T00:00:00.000Z', '2027-01-04T00:00:00.000Z'])
  for (const none of ['2025-W53', '2026-W00', '2026-W54', '2026-47', 'W47', '2026-W4', ''])
    assert.deepEqual(spanOf(none, 'UTC'), [], none)
})

test('the last week is the one before, also at the turn of a year', () => {
  assert.equal(lastWeekAt(Date.parse('2026-01-01T12:00:00Z'), 'UTC'), '2025-W52')
  assert.equal(lastWeekAt(Date.parse('2026-11-22T23:30:00Z'), 'Europe/Zurich'), '2026-W47')
  assert.equal(lastWeekAt(Date.parse('2026-11-22T23:30:00Z'), 'UTC'), '2026-W46')
})

test('a review is due at its local time, in summer and in winter', () => {
  const due = (week: string): string => iso(dueMs(week, { at: 'tue 08:30', zone: 'Europe/Zurich' }))
  assert.equal(due('2026-W47'), '2026-11-24T07:30:00.000Z')
  assert.equal(due('2026-W30'), '2026-07-28T06:30:00.000Z')
  const onTheDay = dueMs('2026-W09', { at: 'sun 03:30', zone: 'America/New_York' })
  assert.equal(iso(onTheDay), '2026-03-08T07:30:00.000Z', 'clocks were put forward an hour before')
})

test('whatever the zone, an instant is in the week that it is said to be in, and weeks leave no gap', () => {
  const zones = fc.constantFrom(
    'UTC',
    'Europe/Zurich',
    'America/St_Johns',
    'Australia/Lord_Howe',
    'Pacific/Apia',
    'Asia/Tehran',
  )
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Date.parse('2060-01-01') }), zones, (ms, zone) => {
      const span = weekSpan(weekAt(ms, zone), zone)
      assert.ok(span !== null && span.fromMs <= ms && ms < span.toMs)
      assert.equal(weekSpan(weekAt(span.toMs, zone), zone)?.fromMs, span.toMs)
      assert.equal(weekSpan(lastWeekAt(ms, zone), zone)?.toMs, span.fromMs)
    }),
  )
})
