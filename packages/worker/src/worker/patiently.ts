import type { Clock } from '../clock.ts'
import type { Emitter } from './events.ts'
import type { Gate } from './gate.ts'

const firstWaitMs = 100
const longestWaitMs = 5_000

/** A step without which nothing may go on, until it succeeds; nothing is taken in as long as it does not. */
export async function patiently<T>(
  step: () => Promise<T>,
  options: {
    readonly what: string
    readonly clock: Clock
    readonly gate: Gate
    readonly events: Emitter
    readonly signal: AbortSignal
  },
): Promise<T | 'gave-up'> {
  const { what, clock, gate, events, signal } = options
  const blocker = {}
  let waitMs = firstWaitMs
  try {
    for (;;) {
      try {
        return await step()
      } catch (cause) {
        const message = `${what} does not answer`
        gate.close(blocker, message)
        events.emit('trouble', () => ({ message, place: null, cause }))
      }
      if (signal.aborted) return 'gave-up'
      await clock.sleep(waitMs, signal)
      if (signal.aborted) return 'gave-up'
      waitMs = Math.min(longestWaitMs, waitMs * 2)
    }
  } finally {
    gate.open(blocker)
  }
}
