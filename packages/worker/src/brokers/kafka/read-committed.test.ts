import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FetchedBatch, readCommitted, timestampsOf } from './read-committed.ts'

const record = { length: 1, timestampDelta: 5n, offsetDelta: 0, key: null, value: null, headers: [] }

function batch(firstOffset: bigint, parts: Partial<FetchedBatch> = {}): FetchedBatch {
  return {
    firstOffset,
    lastOffsetDelta: 0,
    attributes: 0,
    producerId: -1n,
    firstTimestamp: 100n,
    maxTimestamp: 900n,
    records: [record],
    ...parts,
  }
}

const written = (offset: bigint, producerId: bigint): FetchedBatch => batch(offset, { attributes: 16, producerId })
const marker = (offset: bigint, producerId: bigint, type: 0 | 1): FetchedBatch =>
  batch(offset, { attributes: 48, producerId, records: [{ ...record, key: Uint8Array.of(0, 0, 0, type) }] })

const offsets = (batches: readonly FetchedBatch[]): readonly bigint[] => batches.map(({ firstOffset }) => firstOffset)

test('records of aborted transactions are left out, those around them stay', () => {
  const log = [
    batch(0n),
    written(1n, 7n),
    written(2n, 8n),
    marker(3n, 7n, 0),
    written(4n, 7n),
    marker(5n, 8n, 1),
    marker(6n, 7n, 1),
    batch(7n),
  ]
  assert.deepEqual(offsets(readCommitted(log, [{ producerId: 7n, firstOffset: 1n }])), [0n, 2n, 4n, 7n])
})

test('one producer that aborts twice keeps what it committed between', () => {
  const log = [
    written(0n, 7n),
    marker(1n, 7n, 0),
    written(2n, 7n),
    marker(3n, 7n, 1),
    written(4n, 7n),
    marker(5n, 7n, 0),
  ]
  const aborted = [
    { producerId: 7n, firstOffset: 4n },
    { producerId: 7n, firstOffset: 0n },
  ]
  assert.deepEqual(offsets(readCommitted(log, aborted)), [2n])
})

test('a transaction that began before this fetch is left out as well', () => {
  const log = [written(10n, 7n), marker(11n, 7n, 0), batch(12n)]
  assert.deepEqual(offsets(readCommitted(log, [{ producerId: 7n, firstOffset: 3n }])), [12n])
})

test('a producer outside transactions is never taken for an aborted one', () => {
  assert.deepEqual(offsets(readCommitted([batch(1n, { producerId: 7n })], [{ producerId: 7n, firstOffset: 0n }])), [1n])
})

test('with LogAppendTime the time of the broker counts', () => {
  assert.equal(timestampsOf(batch(0n))(record), 105)
  assert.equal(timestampsOf(batch(0n, { attributes: 8 }))(record), 900)
})
