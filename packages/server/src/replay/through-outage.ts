import type { Clock } from '@redrive/worker'
import { isConnectionTrouble } from '../store/store.ts'

const patienceMs = 60_000

/**
 * What was sent is known here and nowhere else: while the database is away we hold on to it rather than make it uncertain. Marking twice
 * is harmless, since only an intent without results changes. What was not sent yet needs no patience once `signal` says that the run ends here.
 */
export async function throughOutage<T>(clock: Clock, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const untilMs = clock.monotonic() + patienceMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!isConnectionTrouble(error) || clock.monotonic() > untilMs || signal?.aborted) throw error
      await clock.sleep(250, signal)
    }
  }
}
