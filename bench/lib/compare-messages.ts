import type { Message, Truth } from './alert-trace.ts'

export interface Compared {
  /** What should have been said, and was not, or not in its time. */
  readonly missed: readonly Truth[]
  /** What was said and should not have been, a second time included. */
  readonly extra: readonly Message[]
}

/** Each message is one truth at most, the earliest that it can be. */
export function compareMessages(said: readonly Message[], truths: readonly Truth[]): Compared {
  const missed = truths.toSorted((a, b) => a.atMs - b.atMs)
  const extra = said.filter(({ atMs, text }) => {
    const at = missed.findIndex(
      (truth) => truth.text === text && truth.atMs <= atMs && atMs <= truth.atMs + truth.withinMs,
    )
    if (at >= 0) missed.splice(at, 1)
    return at < 0
  })
  return { missed, extra }
}
