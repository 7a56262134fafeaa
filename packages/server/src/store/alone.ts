import type { advisoryLocks } from './advisory-locks.ts'
import type { Store } from './store.ts'

/**
 * Runs `work` while nobody else does work of that kind, here or in another office of this database.
 * @param lock of `advisoryLocks`
 * @returns `null` when somebody does
 */
export async function alone<T>(
  store: Store,
  lock: (typeof advisoryLocks)[keyof typeof advisoryLocks],
  work: () => Promise<T>,
): Promise<T | null> {
  const client = await store.pool.connect()
  let isBroken = true
  try {
    const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [lock])
    isBroken = false
    if (rows[0]?.taken !== true) return null
    try {
      return await work()
    } finally {
      isBroken = await client.query('select pg_advisory_unlock($1)', [lock]).then(
        () => false,
        () => true,
      )
    }
  } finally {
    client.release(isBroken)
  }
}
