import { RedriveError } from '@redrive/worker'

/** Which letters of a selection a plan leaves out for their own good. */
export interface Limits {
  /** A letter that died more often, over all its replays, is left out. 1 to 1,000. @default 5 */
  readonly maxHops: number
  /** Neither that nor the gap after a return is looked at; on record. @default false */
  readonly beyondCap: boolean
  /** A letter with a newer one of its key in its queue is left out, not only counted. @default false */
  readonly skipSuperseded: boolean
  /** Also letters that are held behind others of their key, before those are resolved; on record. @default false */
  readonly withHeld: boolean
}

export const defaultLimits: Limits = { maxHops: 5, beyondCap: false, skipSuperseded: false, withHeld: false }

/** @throws REQUEST_INVALID */
export function checkLimits({ maxHops }: Limits): void {
  if (Number.isInteger(maxHops) && maxHops >= 1 && maxHops <= 1_000) return
  throw new RedriveError('REQUEST_INVALID', 'The number of deaths after which letters are left out is from 1 to 1,000.')
}

const firstGapMs = 5_000
const longestGapMs = 24 * 3_600_000

/** How long a letter rests that came back from a replay: 5 s after the first, twice as long after each further one, a day at most. */
export function gapMs(hops: number): number {
  return Math.min(longestGapMs, firstGapMs * 2 ** Math.max(0, hops - 2))
}

export interface Lineage {
  /** How often it died, counting from 1. */
  readonly hops: number | null
  /** It died of a replay. */
  readonly isReturned: boolean
  readonly capturedAtMs: number
}

/** Why a letter is left out, if it is. */
export function heldBack(
  { hops, isReturned, capturedAtMs }: Lineage,
  { maxHops, beyondCap, nowMs }: Limits & { readonly nowMs: number },
): 'over-cap' | 'too-soon' | null {
  if (beyondCap) return null
  if ((hops ?? 0) > maxHops) return 'over-cap'
  return isReturned && nowMs - capturedAtMs < gapMs(hops ?? 2) ? 'too-soon' : null
}
