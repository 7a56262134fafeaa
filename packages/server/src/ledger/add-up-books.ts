import type { Store } from '../store/store.ts'

/** New entries wait behind the lock; it is not waited for longer than they may. */
const lockMs = 250

/**
 * Adds entries since the last time to the sums, so that the books are read without reading all entries. None is changed.
 * @returns `false`: somebody writes entries in a long transaction; nothing was done
 */
export async function addUpBooks(store: Store): Promise<boolean> {
  try {
    await store.transaction(async (client) => {
      await client.query(`set local lock_timeout to ${lockMs}`)
      // Whoever has taken the id of an entry has written it, or not, before the last id is read; and nobody else adds up.
      await client.query('lock table ledger_entry in share row exclusive mode')
      await client.query('set local lock_timeout to 0; set local statement_timeout to 0')
      await client.query(
        `with last as (select max(id) as id from ledger_entry), before as (
           update ledger_summed s set through = last.id from last where last.id > s.through
           returning (select through from ledger_summed) as through, s.through as until
         )
         insert into ledger_sum (queue_id, account, letters)
         select queue_id, account, sum(e.letters) from before join ledger_entry e on e.id > before.through and e.id <= before.until group by 1, 2
         on conflict (queue_id, account) do update set letters = ledger_sum.letters + excluded.letters`,
      )
    })
    return true
  } catch (error) {
    if (isLockTimeout(error)) return false
    throw error
  }
}

/** @see https://www.postgresql.org/docs/18/errcodes-appendix.html lock_not_available */
function isLockTimeout(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === '55P03'
}
