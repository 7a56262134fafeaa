import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hourPictures } from './hour-pictures.ts'
import { busyQueues } from './read-hours.ts'
import type { Span } from './span.ts'

const hourMs = 3_600_000
const of = (cause: string, hour: number, letters: number, queueId = 1) => ({ cause, hour, letters, queueId })
const came = (minute: number, letters: number, queueId = 1): Span => ({
  ...{ cause: '1', queueId, ended: null },
  came: minute,
  letters,
})

test('hours are those of the queue, from the first with letters to the one before the last sixty minutes', () => {
  const pictures = hourPictures([
    of('a', 1000, 3),
    of('a', 1002, 5),
    of('b', 1002, 7),
    of('a', 1003, 9),
    of('c', 990, 2, 2),
  ])
  const at = (hour: number, told: readonly string[] = []) =>
    pictures.before(1, { told: new Set(told), nowMs: hour * hourMs + 1 })
  assert.deepEqual(at(1004), [3, 0, 12])
  assert.deepEqual(at(1004), [3, 0, 12], 'what is asked for again')
  assert.deepEqual(at(1005), [3, 0, 12, 9], 'an hour later')
  assert.deepEqual(at(1005, ['a']), [7, 0], 'without a cause that somebody is told of')
  assert.deepEqual(at(1003 + 672), [12, 9, ...Array.from({ length: 670 }, () => 0)], 'four weeks')
  assert.deepEqual(pictures.before(3, { told: new Set(), nowMs: 1004 * hourMs }), [])
})

test('queues are judged that had fifty letters in sixty minutes', () => {
  assert.deepEqual(busyQueues([came(100, 25), came(159, 25), came(100, 49, 2)], 100), [1])
  assert.deepEqual(busyQueues([came(100, 25), came(160, 25)], 100), [], 'sixty-one minutes')
  assert.deepEqual(busyQueues([came(100, 60)], 160), [], 'before the time')
  assert.deepEqual(busyQueues([came(101, 60)], 160), [1])
  assert.deepEqual(busyQueues([came(106, 24), came(101, 1), came(105, 1), came(164, 25)], 150), [1], 'in any order')
})
