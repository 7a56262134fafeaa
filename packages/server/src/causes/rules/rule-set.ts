import type { LetterToPlace } from './letter-to-place.ts'
import { needsBytes, textsOf } from './letter-to-place.ts'
import { matches } from './matcher.ts'
import { type CauseMove, type CauseRule, type Founding, maxValueLength, maxValues } from './rule.ts'
import { foundingOf, others, type Value } from './rule-cause.ts'

export type Place =
  /** Where the algorithm put it. */
  | { readonly kind: 'home' }
  | { readonly kind: 'led'; readonly to: Founding }
  /** It no longer holds what a rule asks about: it stays where it is. */
  | { readonly kind: 'unjudged' }
  /** A value seen for the first time: it has to be noted before anything is placed by it. */
  | { readonly kind: 'unknown-value'; readonly rule: string; readonly value: string }

/**
 * All that is said about which letters belong together, of one moment. First the rules, in their order: the first that matches names the cause,
 * without one the algorithm has. Then the merges and splits, in the order they were made, each acting on the cause that those before it lead to: what
 * somebody saw when he said it is what it is about. The same letter and the same set always give the same cause.
 */
export interface RuleSet {
  readonly version: number
  readonly isEmpty: boolean
  /** Some rule asks for headers or frames. */
  readonly asksForHeaders: boolean
  readonly asksForStack: boolean
  /** @param home the cause the algorithm found, PostgreSQL's bigint as text */
  place(home: string, letter: LetterToPlace): Place
}

export function ruleSet(said: {
  readonly version: number
  /** In their order. */
  readonly rules: readonly CauseRule[]
  /** In the order they were made. */
  readonly moves: readonly CauseMove[]
}): RuleSet {
  const { version, rules, moves } = said
  const bySource = new Map<string, number[]>()
  for (const [at, { sources }] of moves.entries())
    for (const source of sources) bySource.set(source, [...(bySource.get(source) ?? []), at])
  const fields = [
    ...[...rules, ...moves].flatMap(({ matchers }) => matchers.map(({ field }) => field)),
    ...rules.flatMap(({ per, title }) => [...(per === null ? [] : [per]), ...headersIn(title)]),
  ]

  return {
    version,
    isEmpty: rules.length === 0 && moves.length === 0,
    asksForHeaders: fields.some((field) => field.startsWith('header:')),
    asksForStack: fields.some((field) => needsBytes(field) && !field.startsWith('header:')),
    place(home, letter) {
      const ruled = byRules(rules, letter)
      if (ruled?.kind === 'unjudged' || ruled?.kind === 'unknown-value') return ruled
      let to = ruled?.to ?? null
      let next = 0
      for (;;) {
        const at = bySource.get(to?.id ?? home)?.find((each) => each >= next)
        const move = at === undefined ? undefined : moves[at]
        if (at === undefined || move === undefined) break
        const verdict = matches(move.matchers, letter)
        if (verdict === null) return { kind: 'unjudged' }
        if (verdict) to = move.target
        next = at + 1
      }
      return to === null || to.id === home ? { kind: 'home' } : { kind: 'led', to }
    },
  }
}

function byRules(rules: readonly CauseRule[], letter: LetterToPlace): Exclude<Place, { readonly kind: 'home' }> | null {
  for (const rule of rules) {
    if (rule.queue !== null && rule.queue !== letter.queue.name) continue
    const verdict = matches(rule.matchers, letter)
    if (verdict === null) return { kind: 'unjudged' }
    if (!verdict) continue
    if (rule.per === null) return { kind: 'led', to: foundingOf(rule, letter, null) }
    const texts = textsOf(letter, rule.per)
    if (texts === null) return { kind: 'unjudged' }
    const value = valueOf(rule, texts[0])
    if (value === undefined)
      return { kind: 'unknown-value', rule: rule.id, value: (texts[0] ?? '').slice(0, maxValueLength).toWellFormed() }
    return { kind: 'led', to: foundingOf(rule, letter, value) }
  }
  return null
}

function valueOf(rule: CauseRule, text: string | undefined): Value | undefined {
  if (text === undefined) return null
  const value = text.slice(0, maxValueLength).toWellFormed()
  if (rule.values.has(value)) return value
  return rule.values.size >= maxValues ? others : undefined
}

function headersIn(title: string | null): readonly `header:${string}`[] {
  return [...(title ?? '').matchAll(/\{(header:[^{}]+)\}/g)].map(([, name]) => name as `header:${string}`)
}
