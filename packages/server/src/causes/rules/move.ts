import type { StoredLetter } from './read-letters.ts'
import type { Founding } from './rule.ts'

/** A letter and where it goes; `null`: home. */
export interface Move {
  readonly letter: StoredLetter
  readonly to: Founding | null
}

export const goalOf = ({ letter, to }: Move): string => to?.id ?? letter.home
