import type { FieldName } from './letter-to-place.ts'
import type { Matcher } from './matcher.ts'

/** A cause as it is founded, or as it is there: what a letter that comes first writes. */
export interface Founding {
  /** PostgreSQL's bigint as text. */
  readonly id: string
  /** Hexadecimal. */
  readonly key: string
  readonly version: number
  readonly basis: string
  readonly parts: unknown
  readonly title: string
  readonly errorClass: string | null
  readonly template: string | null
  readonly rule: string | null
}

interface Common {
  /** UUID */
  readonly id: string
  readonly matchers: readonly Matcher[]
}

/** Letters that match form a cause of their own in each queue, consumer and tier; with `per`, one for each value. */
export interface CauseRule extends Common {
  readonly kind: 'rule'
  readonly name: string
  /** `null`: every queue. */
  readonly queue: string | null
  readonly title: string | null
  readonly per: FieldName | null
  /** Values that have a cause of their own. */
  readonly values: ReadonlySet<string>
  /** Headers whose values titles do not show, and what stands in their place. */
  readonly masked: ReadonlyMap<string, string>
}

/** Letters that belong to one of these causes, by whatever was said before, belong to another; all of them, or those that match. */
export interface CauseMove extends Common {
  readonly kind: 'merge' | 'split'
  readonly sources: readonly string[]
  readonly target: Founding
}

/** Values of `per` with a cause of their own; the rest shares one. */
export const maxValues = 50
export const maxValueLength = 200
/** Rules that count at a time, and merges and splits. */
export const maxRules = 200
export const maxMoves = 2_000
