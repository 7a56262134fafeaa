import type { Conditions, Fragment } from './conditions.ts'
import type { Scope } from './scope.ts'

export interface SelectOptions {
  readonly nowMs: number
  readonly limit: number
  /** Only letters older than this id (a UUID): the cursor. */
  readonly before?: string
  /** Look at no more letters than about this many where no index knows what matches. @default all */
  readonly maxLooked?: number
}

export interface Found {
  /** UUIDs, newest first. */
  readonly ids: readonly string[]
  /** Every letter down to this one was looked at, none after it; `null`: there are no more, or `limit` was reached. */
  readonly lookedTo: string | null
}

export interface Search extends SelectOptions {
  readonly conditions: Conditions
  readonly scope: Scope
}

/** What is asked of the narrow row beside its queue or cause and state. */
export function narrowOf({ conditions, before }: Search): readonly Fragment[] {
  const cursor: readonly Fragment[] = before === undefined ? [] : [(bind) => `l.id < ${bind(before)}::uuid`]
  return [...cursor, ...conditions.letter]
}
