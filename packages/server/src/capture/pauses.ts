import type { CaptureEvent, PauseReason } from './events.ts'

/** Why nothing comes in at the moment; tells when that changes, not each time it is noticed again. */
export interface Pauses {
  onPaused(why: PauseReason, message: string): void
  onResumed(why: PauseReason): void
  problem(): string | null
  /** That is why, and nothing else. */
  isOnly(why: PauseReason): boolean
}

export function pauses(place: string, tell: (event: CaptureEvent) => void): Pauses {
  const reasons = new Map<PauseReason, string>()
  return {
    onPaused(why, message) {
      const known = reasons.has(why)
      reasons.set(why, message)
      if (!known) tell({ kind: 'paused', place, why, message })
    },
    onResumed(why) {
      if (reasons.delete(why) && reasons.size === 0) tell({ kind: 'resumed', place })
    },
    problem() {
      const texts = [...reasons].map(([why, message]) => `${why}: ${message}`)
      return texts.length === 0 ? null : texts.join('; ')
    },
    isOnly: (why) => reasons.size === 1 && reasons.has(why),
  }
}
