import { isConnectionTrouble, type Store } from '../../store/store.ts'
import { type Month, paid } from './debt.ts'

/** Whoever reads or captures waits behind whoever waits for the whole table: not for longer than this. */
export const waitForTable = `set local lock_timeout = '3s'`

/**
 * Drops the month's table if no letter of it is left.
 * @returns false when it could not be done now
 */
export function dropPartition(store: Store, { name, from, to }: Month): Promise<boolean> {
  return unlessBusy(() =>
    store.transaction(async (client) => {
      await client.query(waitForTable)
      await client.query('lock table letter_content in access exclusive mode')
      const { rows } = await client.query('select 1 from letter where id >= $1 and id < $2 limit 1', [from, to])
      if (rows.length > 0) return false
      await client.query(`drop table ${name}`)
      await paid(client, name)
      return true
    }),
  )
}

/** @returns what `work` does; false when somebody else is in the way */
export async function unlessBusy<T>(work: () => Promise<T>): Promise<T | false> {
  try {
    return await work()
  } catch (error) {
    if (isLockTimeout(error)) return false
    throw error
  }
}

function isLockTimeout(error: unknown): boolean {
  return (
    isConnectionTrouble(error) &&
    error instanceof Error &&
    'code' in error &&
    /^(55P03|40P01)$/.test(String(error.code))
  )
}
