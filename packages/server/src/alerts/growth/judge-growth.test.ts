import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeGrowth } from './judge-growth.ts'

const quietHour = Array.from({ length: 60 }, () => 0)
const lately = (...last: readonly number[]): readonly number[] => [...quietHour.slice(last.length), ...last]
const weeks = (of: (hour: number) => number): readonly number[] =>
  Array.from({ length: 4 * 168 }, (_, hour) => of(hour))

test('fewer than fifty letters are no growth, whatever there was before', () => {
  assert.equal(judgeGrowth({ minutes: lately(49), hours: [] }), null)
  assert.deepEqual(judgeGrowth({ minutes: lately(50), hours: [] }), { came: 50, minutes: 5, limit: 50 })
})

test('in the first week ten times the greatest hour is the limit', () => {
  const minutes = Array.from({ length: 60 }, () => 4)
  assert.equal(judgeGrowth({ minutes, hours: [10, 24, 3] }), null)
  assert.deepEqual(judgeGrowth({ minutes, hours: [10, 23, 3] }), { came: 240, minutes: 60, limit: 230 })
})

test('a steady queue grows at six times its usual hour, and is told in the first five minutes of it', () => {
  const steady = weeks(() => 100)
  assert.equal(judgeGrowth({ minutes: Array.from({ length: 60 }, () => 9), hours: steady }), null)
  assert.deepEqual(judgeGrowth({ minutes: Array.from({ length: 60 }, () => 11), hours: steady }), {
    came: 660,
    minutes: 60,
    limit: 600,
  })
  assert.equal(judgeGrowth({ minutes: lately(100, 100), hours: steady }), null, 'not more than twice the hour')
  assert.deepEqual(judgeGrowth({ minutes: lately(100, 101), hours: steady }), { came: 201, minutes: 5, limit: 600 })
})

test('a job of each week at its hour is none, and the same an hour later is one', () => {
  // The hours end before the one that is partly in the last sixty minutes: a week before now is one after the last of three weeks.
  const job = weeks((hour) => (hour % 168 === 1 ? 300 : 1))
  const minutes = lately(0, 300)
  assert.equal(judgeGrowth({ minutes, hours: job }), null)
  const other = weeks((hour) => (hour % 168 === 2 ? 300 : 1))
  assert.equal(judgeGrowth({ minutes, hours: other })?.minutes, 5)
})
