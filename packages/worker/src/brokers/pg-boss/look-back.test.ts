import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endsOf, foundAmong } from './look-back.ts'

const id = '9b2e7a52-8a3d-4b7e-9d6a-000000000000'
const createdOn = new Date(1_000)
const queue = { deleteAfterSeconds: 3_600, retentionSeconds: 1_000_000, createdOn }
const search = { since: endsOf(10_000_000, queue), replayIds: new Set([id]) }
const asked = (parts: Partial<Parameters<typeof foundAmong>[0]>) =>
  foundAmong({ place: 'orders', queue, nowMs: 10_000_000, ids: [], ...parts }, search)

test('a job that is there is found, whatever else is unknown', () => {
  const { found, gap } = asked({ ids: [id], queue: null })
  assert.deepEqual([[...found], gap], [[[id, null]], null])
})

test('a job that is not there is absent only as long as none that ended since can have been deleted', () => {
  assert.equal(asked({}).gap, null)
  assert.equal(asked({ nowMs: 10_000_000 + 3_530_000 }).gap, null)
  assert.match(asked({ nowMs: 10_000_000 + 3_550_000 }).gap?.why ?? '', /deleted already/)
  const forEver = { ...queue, deleteAfterSeconds: 0 }
  assert.equal(asked({ queue: forEver, nowMs: 10_000_000 + 3_550_000 }).gap, null)
})

test('a queue that is gone, or another one, leaves it open', () => {
  assert.match(asked({ queue: null }).gap?.why ?? '', /is gone/)
  assert.match(asked({ queue: { ...queue, createdOn: new Date(2_000) } }).gap?.why ?? '', /made anew/)
})
