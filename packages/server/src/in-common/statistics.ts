import { wilson } from '../wilson.ts'

/** Letters that have something, of all that were looked at. */
export interface Share {
  readonly with: number
  readonly of: number
}

/**
 * The chance that at least as many of the first letters have it as do, if it were spread over both at random: the one-sided exact test of
 * Fisher. Exact at any count, which tests by a normal approximation are not.
 * @see R. A. Fisher, Statistical Methods for Research Workers, 5th edition (1934), § 21.02
 */
export function chance(first: Share, second: Share): number {
  const drawn = first.with + second.with
  const all = first.of + second.of
  const [least, most] = [first.with, Math.min(drawn, first.of)]
  // From the most likely one to both sides: far from it a term is too small for a number.
  const likely = Math.floor(((drawn + 1) * (first.of + 1)) / (all + 2))
  const start = Math.min(most, Math.max(least, likely))
  const middle = Math.exp(logHypergeometric({ hits: start, first: first.of, drawn, all }))
  const next = (hits: number): number =>
    ((first.of - hits) * (drawn - hits)) / ((hits + 1) * (all - first.of - drawn + hits + 1))
  let sum = middle
  let term = middle
  for (let hits = start; hits < most && term > sum * 1e-17; hits++) sum += term *= next(hits)
  term = middle
  for (let hits = start; hits > least && term > sum * 1e-17; hits--) sum += term /= next(hits - 1)
  return Math.min(1, sum)
}

/** The smallest chance that `drawn` letters could ever have had: all that can be are in the first. */
export function leastChance(drawn: number, of: { readonly first: number; readonly second: number }): number {
  const all = of.first + of.second
  return Math.exp(logHypergeometric({ hits: Math.min(drawn, of.first), first: of.first, drawn, all }))
}

/**
 * By how many tests a level must be divided so that the chance of any false alarm stays below it. Tests that can never reach the divided
 * level, such as of an id that is in one letter, raise no alarm and need no share of it.
 * @see R. E. Tarone, A modified Bonferroni method for discrete data, Biometrics 46 (1990) 515–522
 */
export function divisor(leastChances: readonly number[], level: number): number {
  const sorted = Float64Array.from(leastChances).toSorted()
  let able = sorted.length
  for (let tests = 1; ; tests++) {
    while (able > 0 && (sorted[able - 1] ?? 0) > level / tests) able -= 1
    if (able <= tests) return tests
  }
}

/**
 * The lower end of the 95 % interval of the difference of two shares, -1 to 1: "at least so much more". Method 10 of Newcombe, made of
 * Wilson's intervals, which holds its level for small counts and shares of 0 and 1.
 * @see R. G. Newcombe, Interval estimation for the difference between independent proportions, Statistics in Medicine 17 (1998) 873–890
 */
export function leastDifference(first: Share, second: Share): number {
  const [p1, p2] = [first.with / first.of, second.with / second.of]
  return p1 - p2 - Math.hypot(p1 - wilson(first).lower, wilson(second).upper - p2)
}

function logHypergeometric(of: {
  readonly hits: number
  readonly first: number
  readonly drawn: number
  readonly all: number
}): number {
  const { hits, first, drawn, all } = of
  return logChoose(first, hits) + logChoose(all - first, drawn - hits) - logChoose(all, drawn)
}

const logChoose = (n: number, k: number): number => logFactorial(n) - logFactorial(k) - logFactorial(n - k)

const logFactorials = [0]

/** By sums: both samples are a few thousand letters. */
function logFactorial(n: number): number {
  for (let next = logFactorials.length; next <= n; next++)
    logFactorials.push((logFactorials[next - 1] ?? 0) + Math.log(next))
  return logFactorials[n] ?? Number.NaN
}
