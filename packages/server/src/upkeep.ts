import { type Clock, systemClock } from '@redrive/worker'
import { addUpChanges } from './causes/index.ts'
import { addUpBooks } from './ledger/index.ts'
import { endOldDiscards } from './letters/index.ts'
import { endOldTransforms } from './repair/index.ts'
import { endOldPlans, endOldReceipts } from './replay/index.ts'
import { advisoryLocks } from './store/advisory-locks.ts'
import { alone } from './store/alone.ts'
import type { Store } from './store/store.ts'

const everyMs = 3_600_000
const firstMs = 120_000

/** Keeps small what the office writes for itself: sums of books and counts, plans that nobody carried out, old receipts. */
export async function upkeepOnce(store: Store): Promise<void> {
  await alone(store, advisoryLocks.upkeep, async () => {
    for (const work of [addUpBooks, addUpChanges, endOldPlans, endOldTransforms, endOldDiscards, endOldReceipts])
      await work(store)
  })
}

/** Each hour, until it is stopped. A failure is told once and tried again. */
export function watchUpkeep(
  store: Store,
  { tell, clock = systemClock }: { readonly tell: (line: string) => void; readonly clock?: Clock },
): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const loop = async (): Promise<void> => {
    let isTroubled = false
    await clock.sleep(firstMs, stopping.signal)
    while (!stopping.signal.aborted) {
      try {
        await upkeepOnce(store)
        isTroubled = false
      } catch (error) {
        if (!isTroubled)
          tell(
            `what the office writes for itself could not be kept small: ${error instanceof Error ? error.message : String(error)}`,
          )
        isTroubled = true
      }
      await clock.sleep(everyMs, stopping.signal)
    }
  }
  const running = loop()
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}
