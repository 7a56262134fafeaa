import type { Clock } from '@redrive/worker'
import { addUpChanges } from './causes/index.ts'
import { addUpBooks } from './ledger/index.ts'
import { endOldDiscards } from './letters/index.ts'
import { endOldTransforms } from './repair/index.ts'
import { repeated } from './repeated.ts'
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

/** Each hour, until it is stopped. */
export function watchUpkeep(
  store: Store,
  options: { readonly tell: (line: string) => void; readonly clock?: Clock },
): { stop(): Promise<void> } {
  const problem = 'what the office writes for itself could not be kept small'
  return repeated(() => upkeepOnce(store), { ...options, firstMs, everyMs, problem })
}
