import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chance, divisor, leastChance, leastDifference, type Share } from './statistics.ts'

const share = (hits: number, of: number): Share => ({ with: hits, of })
const near = (actual: number, wanted: number, within = 1e-9): void =>
  assert.ok(Math.abs(actual - wanted) <= within * Math.max(1, Math.abs(wanted)), `${actual} is not ${wanted}`)

test('the chance is that of the exact test, for every small table', () => {
  near(chance(share(3, 4), share(1, 4)), 17 / 70)
  for (let first = 1; first <= 9; first++) {
    for (let second = 1; second <= 9; second++) {
      for (let hits = 0; hits <= first; hits++) {
        for (let others = 0; others <= second; others++) {
          const wanted = byCounting({ hits, first, others, second })
          near(chance(share(hits, first), share(others, second)), wanted)
        }
      }
    }
  }
})

test('the chance is right where its terms are too small for a number', () => {
  near(chance(share(10, 3_000), share(2_500, 3_000)), 1)
  assert.ok(chance(share(3_000, 3_000), share(0, 3_000)) < 1e-300)
  // Of as many as are expected, about half of all draws have at least as many.
  const half = chance(share(1_500, 3_000), share(1_500, 3_000))
  assert.ok(half > 0.5 && half < 0.52, String(half))
})

test('the least chance is the chance when all that can be are in the first', () => {
  near(leastChance(4, { first: 10, second: 20 }), chance(share(4, 10), share(0, 20)))
  near(leastChance(14, { first: 10, second: 20 }), chance(share(10, 10), share(4, 20)))
  near(leastChance(0, { first: 10, second: 20 }), 1)
})

test('the level is divided by the tests that could reach it, and by no others', () => {
  const able = (tests: number, unable = 0): number[] => [
    ...Array.from({ length: tests }, () => 1e-12),
    ...Array.from({ length: unable }, () => 0.04),
  ]
  assert.equal(divisor([], 0.05), 1)
  assert.equal(divisor(able(40), 0.05), 40)
  assert.equal(divisor(able(40, 10_000), 0.05), 40, 'ids that are in one letter')
  // 0.05 / 2 is below 0.04: only one of them could ever be found, so two tests are enough.
  assert.equal(divisor([0.04, 0.04, 0.04], 0.05), 2)
  assert.equal(divisor([0.02, 0.02, 0.02], 0.05), 3)
})

test('the least difference is that of the paper', () => {
  // Newcombe 1998, table II, method 10, contrasts (a), (b), (d) and (g).
  near(leastDifference(share(56, 70), share(48, 80)), 0.0524, 1e-4)
  near(leastDifference(share(9, 10), share(3, 10)), 0.1705, 1e-4)
  near(leastDifference(share(5, 56), share(0, 29)), -0.0381, 1e-4)
  near(leastDifference(share(10, 10), share(0, 20)), 0.6791, 1e-4)
})

test('few letters are said less of than many with the same shares', () => {
  const least = [5, 50, 500].map((of) => leastDifference(share(of, of), share(0, of)))
  assert.deepEqual(
    least,
    least.toSorted((a, b) => a - b),
  )
  assert.ok((least[0] ?? 1) < 0.6 && (least[2] ?? 0) > 0.98)
})

/** Tables at least as far out, each by its number of ways. */
function byCounting(of: {
  readonly hits: number
  readonly first: number
  readonly others: number
  readonly second: number
}): number {
  const drawn = of.hits + of.others
  let ways = 0
  for (let hits = of.hits; hits <= Math.min(drawn, of.first); hits++)
    ways += choose(of.first, hits) * choose(of.second, drawn - hits)
  return ways / choose(of.first + of.second, drawn)
}

function choose(n: number, k: number): number {
  if (k < 0 || k > n) return 0
  let ways = 1
  for (let i = 1; i <= k; i++) ways = (ways * (n - k + i)) / i
  return Math.round(ways)
}
