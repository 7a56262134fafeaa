import assert from 'node:assert/strict'
import { test } from 'node:test'
import { queuePictures } from './queue-pictures.ts'
import type { Past } from './read-past.ts'
import type { Span } from './span.ts'

const causes: Past['causes'] = new Map(
  (['timeout', 'malformed'] as const).map((tier) => [tier, { id: tier, tier, had: false, about: new Map() }]),
)

const span = (came: number, ended: number | null, queueId = 1, cause = 'timeout'): Span => ({
  cause,
  queueId,
  came,
  ended,
  letters: 1,
})

function pastOf(
  spans: readonly Span[],
  { open = 0, changes = [] }: { readonly open?: number; readonly changes?: readonly (readonly [number, number])[] },
): Past {
  const queue = { id: 1, name: 'orders', owner: null, runbook: null, open, changes: new Map(changes) }
  return {
    ...{ spans, queues: [queue], events: [], causes, subjects: new Set(), taken: [] },
    ...{ hours: [], traffic: [], trafficFromMs: null },
  }
}

/** Open letters and the minute in which the oldest came, at the ends of minutes; `null` where none is open. */
function looks(past: Past, minutes: readonly number[]): readonly (readonly [number | undefined, number] | null)[] {
  const pictures = queuePictures(past, minutes[0] ?? 0)
  return minutes.map((minute) => {
    pictures.pass(minute)
    const [queue] = pictures.queues()
    return queue === undefined ? null : [queue.open, (queue.oldestMs ?? Number.NaN) / 60_000]
  })
}

test('open letters are those when it began and what the books changed since', () => {
  const past = pastOf([span(5, 12), span(11, null)], {
    open: 1,
    changes: [
      [11, 1],
      [12, -1],
    ],
  })
  assert.deepEqual(looks(past, [10, 11, 12]), [
    [1, 5],
    [2, 5],
    [1, 11],
  ])
})

test('the oldest is of its queue, is not from later, and changes when it ends', () => {
  const past = pastOf([span(15, null), span(7, 13), span(3, null, 2), span(9, 12)], { open: 2, changes: [[15, 1]] })
  assert.deepEqual(
    looks(past, [10, 12, 13, 15]).map((look) => look?.[1]),
    [7, 7, Number.NaN, 15],
  )
})

test('a queue without open letters is not looked at', () => {
  assert.deepEqual(looks(pastOf([span(1, 10)], { open: 1, changes: [[10, -1]] }), [9, 10]), [[1, 1], null])
})

test('of a tier are open what came and has not ended, in this queue', () => {
  const spans = [
    span(5, 12),
    span(11, null),
    span(11, 12, 1, 'malformed'),
    span(11, null, 2),
    span(4, 10, 1, 'malformed'),
  ]
  const pictures = queuePictures(pastOf(spans, { open: 4 }), 10)
  const openOf = [9, 10, 11, 12].map((minute) => {
    pictures.pass(minute)
    return { ...pictures.queues()[0]?.openOf }
  })
  assert.deepEqual(openOf, [
    { timeout: 1, malformed: 1 },
    { timeout: 1, malformed: 0 },
    { timeout: 2, malformed: 1 },
    { timeout: 1, malformed: 0 },
  ])
})
