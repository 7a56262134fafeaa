import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type FetchedRecords, madeRecords } from './fetched-records.ts'
import type { KafkaDelivery } from './kafka-delivery.ts'
import { PartitionState } from './partition-state.ts'

const message = { key: null, body: null, headers: [] }
const recordsOf = (...offsets: number[]): readonly FetchedRecords[] => [
  madeRecords(offsets.map((offset) => ({ offset: BigInt(offset), message, bytes: 10 }))),
]

function stateOf(start: { next?: bigint; started?: bigint | null; keepsMarks?: boolean } = {}): PartitionState {
  const { next = 0n, started = null, keepsMarks = false } = start
  return new PartitionState({ topic: 't', partition: 3 }, { next, committed: null, started, keepsMarks })
}

function takeAll(state: PartitionState): readonly KafkaDelivery[] {
  const taken: KafkaDelivery[] = []
  while (state.readyBytes() !== undefined) taken.push(state.take())
  return taken
}

test('the watermark never passes a record that is not done, in whatever order the others are', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(Array.from({ length: 30 }, (_, n) => n)), (acked) => {
      const state = stateOf()
      state.add(recordsOf(...Array.from({ length: 30 }, (_, n) => n)), { next: 30n })
      const taken = takeAll(state)
      for (const n of acked) {
        ;(taken[n] as KafkaDelivery).done = true
        const open = taken.find(({ done }) => !done)
        assert.equal(state.watermark(), open?.position ?? 30n)
      }
    }),
  )
})

test('with nothing in hand the watermark passes markers and aborted records', () => {
  const state = stateOf()
  state.add(recordsOf(0, 1), { next: 5n })
  for (const delivery of takeAll(state)) delivery.done = true
  assert.equal(state.watermark(), 5n)
})

test('what was fetched and not handed out holds the watermark', () => {
  const state = stateOf()
  state.add(recordsOf(4, 5), { next: 6n })
  assert.equal(state.watermark(), 4n)
})

test('records below the position are not taken in again', () => {
  const state = stateOf({ next: 10n })
  state.add(recordsOf(8, 9, 10, 11), { next: 12n })
  assert.deepEqual(
    takeAll(state).map(({ position }) => position),
    [10n, 11n],
  )
})

test('nothing is handed out before a start mark covers it', () => {
  const state = stateOf({ keepsMarks: true })
  state.add(recordsOf(0, 1, 2), { next: 3n })
  assert.equal(state.readyBytes(), undefined)
  assert.equal(state.nextStartMark(0), 3n)
  state.started = 3n
  assert.equal(takeAll(state).length, 3)
  assert.equal(state.nextStartMark(0), null)
})

test('a start mark is renewed before it is used up and never covers what is not known to exist', () => {
  const state = stateOf({ keepsMarks: true })
  state.add(recordsOf(...Array.from({ length: 500 }, (_, n) => n)), { next: 500n })
  const first = state.nextStartMark(0)
  assert.ok(first !== null && first < 500n)
  state.started = first
  assert.equal(state.needsStartMark(), false)
  for (let n = 0n; n < first - first / 2n + 1n; n += 1n) state.take()
  assert.equal(state.needsStartMark(), true)
  const second = state.nextStartMark(10)
  assert.ok(second !== null && second > first && second <= 500n)
})

test('a start mark covers what four more fetches of the same size will bring, as far as it exists', () => {
  const records = Array.from({ length: 10 }, (_, n) => n)
  for (const [end, mark] of [
    [1000n, 50n],
    [13n, 13n],
    [10n, 10n],
    [-1n, 10n],
  ] as const) {
    const state = stateOf({ keepsMarks: true })
    state.add(recordsOf(...records), { next: 10n, end })
    assert.equal(state.nextStartMark(0), mark)
  }
})

test('what a start mark covers and no commit does is under suspicion', () => {
  const state = stateOf({ next: 5n, started: 7n, keepsMarks: true })
  state.add(recordsOf(5, 6, 7), { next: 8n })
  state.started = 8n
  assert.deepEqual(
    takeAll(state).map(({ redelivered }) => redelivered),
    [true, true, false],
  )
})

test('a clean end leaves only what is still in hand under suspicion', () => {
  const state = stateOf({ keepsMarks: true, started: 0n })
  state.add(recordsOf(0, 1, 2, 3, 4), { next: 5n })
  state.started = 5n
  const taken = takeAll(state)
  for (const delivery of taken) delivery.done = true
  assert.equal(state.cleanStartMark(), 5n)
  const again = stateOf({ keepsMarks: true })
  again.add(recordsOf(0, 1, 2, 3, 4), { next: 5n })
  again.started = 5n
  const held = takeAll(again)
  for (const n of [0, 2, 4]) (held[n] as KafkaDelivery).done = true
  assert.equal(again.watermark(), 1n)
  assert.equal(again.cleanStartMark(), 4n)
})
