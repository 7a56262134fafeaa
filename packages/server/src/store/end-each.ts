import type { PoolClient } from 'pg'
import type { Store } from './store.ts'

/**
 * Ends one after the other, each in a transaction of its own, however long that takes: one may be of a million letters.
 * @param endOne whether there was one
 * @returns how many
 */
export async function endEach(store: Store, endOne: (client: PoolClient) => Promise<boolean>): Promise<number> {
  for (let ended = 0; ; ended++) {
    const wasOne = await store.transaction(async (client) => {
      await client.query('set local statement_timeout to 0')
      return endOne(client)
    })
    if (!wasOne) return ended
  }
}
