import type { Clock } from '../clock.ts'

/**
 * One timer for all running attempts. All of them get the same time, so they expire in the order they began, and a timer for each
 * would cost more than most handlers do.
 */
export interface Deadlines {
  /** Calls `expire` at `atMs`, never earlier than those watched before; the answer calls it off. */
  watch(atMs: number, expire: () => void): () => void
}

export function deadlines(clock: Clock, signal: AbortSignal): Deadlines {
  const watched = new Set<{ readonly atMs: number; readonly expire: () => void }>()
  let running = false

  const run = async (): Promise<void> => {
    running = true
    for (
      let first = watched.values().next().value;
      first !== undefined && !signal.aborted;
      first = watched.values().next().value
    ) {
      const leftMs = first.atMs - clock.now()
      if (leftMs > 0) {
        await clock.sleep(leftMs, signal)
        continue
      }
      watched.delete(first)
      first.expire()
    }
    running = false
  }
  return {
    watch(atMs, expire) {
      const entry = { atMs, expire }
      watched.add(entry)
      if (!running) void run()
      return () => watched.delete(entry)
    },
  }
}
