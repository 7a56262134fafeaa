import type { Clock } from '@redrive/worker'
import { isConnectionTrouble } from '../store/store.ts'

const patienceMs = 60_000

/**
 * What was sent is known here and nowhere else: while the database is away we hold on to it rather than make it uncertain. Marking twice
 * is harmless, since only an intent without results changes.
 */
export async function throughOutage<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  const untilMs = clock.monotonic() + patienceMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!isConnectionTrouble(error) || clock.monotonic() > untilMs) throw error
      await clock.sleep(250)
    }
  }
}
