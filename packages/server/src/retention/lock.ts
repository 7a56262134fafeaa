import { advisoryLocks } from '../store/advisory-locks.ts'
import type { Store } from '../store/store.ts'

/**
 * Runs `work` while nobody else ends or brings back letters, here or in another office of this database.
 * @returns `null` when somebody does
 */
export async function aloneInRetention<T>(store: Store, work: () => Promise<T>): Promise<T | null> {
  const client = await store.pool.connect()
  let isBroken = true
  try {
    const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [
      advisoryLocks.endLetters,
    ])
    isBroken = false
    if (rows[0]?.taken !== true) return null
    try {
      return await work()
    } finally {
      isBroken = await client.query('select pg_advisory_unlock($1)', [advisoryLocks.endLetters]).then(
        () => false,
        () => true,
      )
    }
  } finally {
    client.release(isBroken)
  }
}
