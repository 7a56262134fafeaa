import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Backoff, constant, decorrelatedJitter, exponential, linear } from './backoff.ts'
import { isRedriveError } from './errors.ts'

const half = (): number => 0.5

test('constant and linear', () => {
  assert.deepEqual(delays(constant(250), 3), [250, 250, 250])
  assert.deepEqual(delays(linear({ firstMs: 100, stepMs: 50, maxMs: 220 }), 5), [100, 150, 200, 220, 220])
})

test('exponential doubles up to its cap', () => {
  assert.deepEqual(
    delays(exponential({ firstMs: 100, maxMs: 1000, jitter: 'none' }), 6),
    [100, 200, 400, 800, 1000, 1000],
  )
  assert.deepEqual(delays(exponential({ firstMs: 1, factor: 3, maxMs: 99, jitter: 'none' }), 6), [1, 3, 9, 27, 81, 99])
})

test('jitter follows the published formulas', () => {
  // The article's code, with its n counting from 0.
  const base = 100
  const cap = 5000
  const expo = (n: number): number => Math.min(cap, 2 ** n * base)
  const between = (low: number, high: number, random: number): number => low + random * (high - low)
  const published = {
    full: (n: number, random: number): number => between(0, expo(n), random),
    equal: (n: number, random: number): number => expo(n) / 2 + between(0, expo(n) / 2, random),
  }
  fc.assert(
    fc.property(fc.nat(40), fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(6000), (n, random, previous) => {
      for (const jitter of ['full', 'equal'] as const) {
        const delayMs = exponential({ firstMs: base, maxMs: cap, jitter }).delayMs(n + 1, 0, () => random)
        assert.ok(Math.abs(delayMs - published[jitter](n, random)) < 1e-6)
      }
      const sleep = Math.max(base, previous)
      const decorrelated = decorrelatedJitter({ firstMs: base, maxMs: cap }).delayMs(n + 1, previous, () => random)
      assert.ok(Math.abs(decorrelated - Math.min(cap, between(base, sleep * 3, random))) < 1e-6)
    }),
  )
  assert.equal(exponential({ firstMs: 100, maxMs: 1000 }).delayMs(3, 0, half), 200, 'full is the default')
})

test('decorrelated jitter goes on from the previous delay', () => {
  assert.deepEqual(delays(decorrelatedJitter({ firstMs: 100, maxMs: 500 }), 4), [200, 350, 500, 500])
})

test('the cap holds at attempt 1,000,000 and for any random', () => {
  const backoffs = [
    linear({ firstMs: 1, stepMs: 1e300, maxMs: 600_000 }),
    exponential({ firstMs: 1000, maxMs: 600_000, jitter: 'none' }),
    exponential({ firstMs: 1000, maxMs: 600_000 }),
    exponential({ firstMs: 1000, maxMs: 600_000, jitter: 'equal' }),
    decorrelatedJitter({ firstMs: 1000, maxMs: 600_000 }),
  ]
  for (const backoff of backoffs) {
    for (const attempt of [1, 2, 50, 1024, 1_000_000]) {
      for (const random of [0, 0.5, 1 - Number.EPSILON]) {
        const delayMs = backoff.delayMs(attempt, 600_000, () => random)
        assert.ok(delayMs >= 0 && delayMs <= 600_000, `${delayMs}`)
      }
    }
  }
  assert.equal(exponential({ firstMs: 1000, maxMs: 600_000, jitter: 'none' }).delayMs(1_000_000, 0, half), 600_000)
})

test('options that make no sense are refused with a hint', () => {
  const wrong: (() => Backoff)[] = [
    () => constant(-1),
    () => constant(Number.NaN),
    () => linear({ firstMs: 10, stepMs: -1, maxMs: 20 }),
    () => linear({ firstMs: 10, stepMs: 1, maxMs: 9 }),
    () => exponential({ firstMs: 0, maxMs: 10 }),
    () => exponential({ firstMs: 10, maxMs: 9 }),
    () => exponential({ firstMs: 10, maxMs: 90, factor: 0.5 }),
    () => exponential({ firstMs: 10, maxMs: Number.POSITIVE_INFINITY }),
    () => exponential({ firstMs: 10, maxMs: 90, jitter: 'some' as 'full' }),
    () => decorrelatedJitter({ firstMs: 0, maxMs: 10 }),
  ]
  for (const make of wrong)
    assert.throws(make, (error) => isRedriveError(error, 'OPTION_INVALID') && error.hint !== undefined)
})

function delays(backoff: Backoff, count: number): number[] {
  const result: number[] = []
  for (let attempt = 1; attempt <= count; attempt += 1) result.push(backoff.delayMs(attempt, result.at(-1) ?? 0, half))
  return result
}
