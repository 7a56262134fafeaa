import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quietUntilMs } from './quiet.ts'

const at = (time: string): number => Date.parse(time)
const until = (quiet: Parameters<typeof quietUntilMs>[0], time: string): string | null => {
  const ms = quietUntilMs(quiet, at(time))
  return ms === null ? null : new Date(ms).toISOString().slice(0, 16)
}

test('hours end at their minute, also over midnight', () => {
  const night = { hours: '22:00-07:00' }
  assert.equal(until(night, '2026-11-25T21:59:59Z'), null)
  assert.equal(until(night, '2026-11-25T22:00:00Z'), '2026-11-26T07:00')
  assert.equal(until(night, '2026-11-26T06:59:30Z'), '2026-11-26T07:00')
  assert.equal(until(night, '2026-11-26T07:00:00Z'), null)
  assert.equal(until({ hours: '12:00-13:00' }, '2026-11-26T12:30:00Z'), '2026-11-26T13:00')
})

test('days are those of the zone, and join the hours before and after them', () => {
  const quiet = { hours: '22:00-07:00', days: ['sat', 'sun'], zone: 'Europe/Zurich' } as const
  assert.equal(until(quiet, '2026-11-27T20:59:00Z'), null, 'Friday, 21:59 there')
  assert.equal(until(quiet, '2026-11-27T21:00:00Z'), '2026-11-30T06:00')
})

test('it follows summer time', () => {
  const quiet = { hours: '22:00-07:00', zone: 'Europe/Zurich' }
  assert.equal(until(quiet, '2026-03-28T22:00:00Z'), '2026-03-29T05:00', 'the night of the change')
  assert.equal(until(quiet, '2026-03-27T22:00:00Z'), '2026-03-28T06:00')
})

test('what is quiet always is told after eight days all the same', () => {
  assert.equal(
    until({ days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] }, '2026-11-25T00:00:00Z'),
    '2026-12-03T00:00',
  )
})
