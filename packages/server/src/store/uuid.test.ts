import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstUuidAt, uuidBytes, uuidSource, uuidText, uuidTimeMs } from './uuid.ts'

test('ids grow while the clock stands still, jumps back and goes on', () => {
  let nowMs = 1_700_000_000_000
  const next = uuidSource(() => nowMs)
  const ids: string[] = []
  for (let n = 0; n < 10_000; n++) {
    if (n === 6_000) nowMs -= 5_000
    if (n === 9_000) nowMs += 60_000
    ids.push(uuidText(next()))
  }
  assert.deepEqual(ids, [...ids].sort())
  assert.equal(new Set(ids).size, ids.length)
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

test('the first id of a millisecond bounds the ids made in it', () => {
  const nowMs = 1_700_000_000_123
  const id = uuidText(uuidSource(() => nowMs)())
  assert.equal(uuidTimeMs(id), nowMs)
  assert.ok(firstUuidAt(nowMs) <= id && id < firstUuidAt(nowMs + 1))
  assert.equal(uuidText(uuidBytes(id) ?? Buffer.alloc(16)), id)
  assert.equal(uuidBytes('not an id'), null)
})
