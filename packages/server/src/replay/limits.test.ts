import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRedriveError } from '@redrive/worker'
import { checkLimits, defaultLimits, gapMs, heldBack } from './limits.ts'

const asked = { ...defaultLimits, nowMs: 1_000_000 }
const letter = { hops: 1, isReturned: false, capturedAtMs: 1_000_000 }

test('the gap grows twofold with each death of a replay, up to a day', () => {
  assert.deepEqual([1, 2, 3, 4, 5].map(gapMs), [5_000, 5_000, 10_000, 20_000, 40_000])
  assert.equal(gapMs(10_000), 86_400_000)
})

test('a letter that died more often than the cap is left out, whoever wrote its headers', () => {
  assert.equal(heldBack({ ...letter, hops: 5 }, asked), null)
  assert.equal(heldBack({ ...letter, hops: 6 }, asked), 'over-cap')
  assert.equal(heldBack({ ...letter, hops: 2_000_000_000 }, asked), 'over-cap')
  assert.equal(heldBack({ ...letter, hops: 6 }, { ...asked, maxHops: 6 }), null)
  assert.equal(heldBack({ ...letter, hops: null }, asked), null)
})

test('a letter that came back rests; one that did not goes at once', () => {
  const came = { hops: 3, isReturned: true, capturedAtMs: asked.nowMs - 9_999 }
  assert.equal(heldBack(came, asked), 'too-soon')
  assert.equal(heldBack({ ...came, capturedAtMs: asked.nowMs - 10_000 }, asked), null)
  assert.equal(heldBack({ ...came, isReturned: false }, asked), null)
  assert.equal(heldBack({ ...came, hops: null, capturedAtMs: asked.nowMs - 4_999 }, asked), 'too-soon')
})

test('an override sends both', () => {
  assert.equal(heldBack({ hops: 9, isReturned: true, capturedAtMs: asked.nowMs }, { ...asked, beyondCap: true }), null)
})

test('a cap out of bounds is refused', () => {
  for (const maxHops of [0, -1, 1.5, 1_001, Number.NaN])
    assert.throws(
      () => checkLimits({ ...defaultLimits, maxHops }),
      (error) => isRedriveError(error, 'REQUEST_INVALID'),
    )
})
