import { isBelowArray } from './json-tokens.ts'
import { chance, divisor, leastChance, leastDifference, type Share } from './statistics.ts'
import { type Token, whats } from './token.ts'
import type { Counted, TokenCounts } from './token-counts.ts'

/** Something the letters have, and the others have less. */
export interface Common extends Token {
  readonly inSet: Share
  readonly others: Share
  /** Share here by share of the others; `null` when none of them has it. */
  readonly lift: number | null
  /** 0 to 1: the share here is higher by at least this, the lower end of a 95 % interval. */
  readonly surprise: number
  /** What exactly the same letters have, of both sides: nothing tells them apart. At most five. */
  readonly also: readonly Token[]
  readonly alsoMore: number
}

export interface Ranked {
  /** The most surprising first, at most twenty. */
  readonly common: readonly Common[]
  readonly more: number
  /** What was looked at and could have been found: the level is divided by it. */
  readonly tests: number
}

/** Chance that anything is shown where there is no difference, over all that is looked at. */
export const falseAlarms = 0.05
/** Nothing in fewer letters is shown. */
export const minLetters = 5
/** Nothing is shown unless the share is higher by at least this. */
export const minDifference = 0.1
const maxShown = 20
const maxAlso = 5

/** @param leftOut facets that say nothing: the letters were chosen by them. */
export function rank(counts: TokenCounts, leftOut: ReadonlySet<string>): Ranked {
  const leastChances: number[] = []
  const judged: Judged[] = []
  for (const counted of counts.counted()) {
    const { facet, what } = counted.token
    if (leftOut.has(facet) || (what === 'missing' && isBelowArray(facet))) continue
    const of = counts.read(counted.family)
    if (of.set === 0 || of.others === 0) continue
    const drawn = counted.set.letters + counted.others.letters
    leastChances.push(leastChance(drawn, { first: of.set, second: of.others }))
    if (counted.set.letters >= minLetters) judged.push(judgedOf(counted, of))
  }
  const tests = divisor(leastChances, falseAlarms)
  const found = judged.filter(
    ({ inSet, others, surprise }) => surprise >= minDifference && chance(inSet, others) <= falseAlarms / tests,
  )
  const joined = joinedByLetters(withoutGeneral(found))
  return { common: joined.slice(0, maxShown), more: Math.max(0, joined.length - maxShown), tests }
}

interface Judged {
  readonly token: Token
  /** The same for tokens of the same letters. */
  readonly letters: string
  readonly inSet: Share
  readonly others: Share
  readonly surprise: number
}

function judgedOf({ token, set, others }: Counted, of: { readonly set: number; readonly others: number }): Judged {
  const shares = { inSet: { with: set.letters, of: of.set }, others: { with: others.letters, of: of.others } }
  return {
    token,
    letters: [set, others].map(({ letters, high, low }) => `${letters}.${high}.${low}`).join(' '),
    ...shares,
    surprise: leastDifference(shares.inSet, shares.others),
  }
}

/** `region` is "CH" says that it is there, and that it is text: the general is kept only where it is more surprising. */
function withoutGeneral(found: readonly Judged[]): readonly Judged[] {
  const facets = new Set<string>()
  return found.toSorted(bySurprise).filter(({ token }) => {
    const isGeneral = token.what !== 'is' && token.what !== 'starts' && facets.has(token.facet)
    facets.add(token.facet)
    return !isGeneral
  })
}

function joinedByLetters(ranked: readonly Judged[]): readonly Common[] {
  const groups = Map.groupBy(ranked, ({ letters }) => letters)
  return [...groups.values()].flatMap(([first, ...rest]) => {
    if (first === undefined) return []
    const { token, inSet, others, surprise } = first
    const usual = others.with / others.of
    return {
      ...token,
      inSet,
      others,
      lift: usual === 0 ? null : inSet.with / inSet.of / usual,
      surprise,
      also: rest.slice(0, maxAlso).map((each) => each.token),
      alsoMore: Math.max(0, rest.length - maxAlso),
    }
  })
}

function bySurprise(a: Judged, b: Judged): number {
  return (
    b.surprise - a.surprise ||
    placeOf(a.token) - placeOf(b.token) ||
    whats.indexOf(a.token.what) - whats.indexOf(b.token.what)
  )
}

/** Among equals, what somebody can act on comes first and what follows from the failure itself last. */
const order = ['release', 'host', 'service', 'header', 'body:', 'property', 'key', 'partition', 'origin', 'queue']
function placeOf({ facet }: Token): number {
  const place = order.findIndex((start) => facet.startsWith(start))
  return place < 0 ? order.length : place
}
