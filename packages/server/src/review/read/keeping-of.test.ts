import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keepingOf } from './keeping-of.ts'

test('only what the dead-letter places of a queue lost counts', () => {
  const sources = [
    { broker: 'kafka', place: 'orders-dead-letter' },
    { broker: 'kafka', place: 'refunds-dead-letter' },
  ]
  const losses = [
    { broker: 'kafka', place: 'orders-dead-letter', role: 'dead-letter', positions: 3 },
    { broker: 'kafka', place: 'refunds-dead-letter', role: 'dead-letter', positions: 4 },
    { broker: 'kafka', place: 'orders-dead-letter', role: 'receipts', positions: 100 },
    { broker: 'kafka', place: 'others-dead-letter', role: 'dead-letter', positions: 1_000 },
    { broker: 'backup', place: 'orders-dead-letter', role: 'dead-letter', positions: 10_000 },
  ]
  assert.deepEqual(keepingOf(sources, { expiry: [], losses }), { lostAtSource: 7, keptBriefly: [] })
})
