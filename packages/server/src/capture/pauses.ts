import type { CaptureEvent, PauseReason } from './events.ts'

/** Why nothing comes in at the moment; tells when that changes, not each time it is noticed again. */
export interface Pauses {
  onPaused(why: PauseReason, message: string): void
  /** The same, said to whoever asks and not told: it passes in a moment, mostly. */
  expect(why: PauseReason, message: string): void
  onResumed(why: PauseReason): void
  problem(): string | null
  /** That is why, and nothing else. */
  isOnly(why: PauseReason): boolean
}

export function pauses(place: string, tell: (event: CaptureEvent) => void): Pauses {
  const reasons = new Map<PauseReason, string>()
  const told = new Set<PauseReason>()
  return {
    onPaused(why, message) {
      reasons.set(why, message)
      if (told.has(why)) return
      told.add(why)
      tell({ kind: 'paused', place, why, message })
    },
    expect(why, message) {
      reasons.set(why, message)
    },
    onResumed(why) {
      reasons.delete(why)
      if (told.delete(why) && reasons.size === 0) tell({ kind: 'resumed', place })
    },
    problem() {
      const texts = [...reasons].map(([why, message]) => `${why}: ${message}`)
      return texts.length === 0 ? null : texts.join('; ')
    },
    isOnly: (why) => reasons.size === 1 && reasons.has(why),
  }
}
