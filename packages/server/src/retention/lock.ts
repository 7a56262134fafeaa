import { advisoryLocks } from '../store/advisory-locks.ts'
import { alone } from '../store/alone.ts'
import type { Store } from '../store/store.ts'

/**
 * Runs `work` while nobody else ends or brings back letters, here or in another office of this database.
 * @returns `null` when somebody does
 */
export function aloneInRetention<T>(store: Store, work: () => Promise<T>): Promise<T | null> {
  return alone(store, advisoryLocks.endLetters, work)
}
