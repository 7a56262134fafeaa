import type { Store } from '../store/store.ts'

/** New entries wait behind the lock; it is not waited for longer than they may. */
const lockMs = 250
/** Ids of entries added up in one transaction, so that new ones do not wait long either. */
const atATime = 200_000

/**
 * Adds entries since the last time to the sums, so that the books are read without reading all entries. None is changed.
 * @returns `false`: somebody writes entries in a long transaction; nothing more was done
 */
export async function addUpBooks(store: Store, most: number = atATime): Promise<boolean> {
  try {
    while (await addUpSome(store, most));
    return true
  } catch (error) {
    if (isLockTimeout(error)) return false
    throw error
  }
}

/** @returns whether there are more */
function addUpSome(store: Store, most: number): Promise<boolean> {
  return store.transaction(async (client) => {
    await client.query(`set local lock_timeout to ${lockMs}`)
    // Whoever has taken the id of an entry has written it, or not, before the last id is read; and nobody else adds up.
    await client.query('lock table ledger_entry in share row exclusive mode')
    await client.query('set local lock_timeout to 0; set local statement_timeout to 0')
    const { rowCount } = await client.query(
      `with last as (select max(id) as id from ledger_entry), before as (
         update ledger_summed s set through = least(last.id, s.through + $1) from last where last.id > s.through
         returning (select through from ledger_summed) as through, s.through as until
       ), added as (
         insert into ledger_sum (queue_id, account, letters)
         select queue_id, account, sum(e.letters) from before join ledger_entry e on e.id > before.through and e.id <= before.until group by 1, 2
         on conflict (queue_id, account) do update set letters = ledger_sum.letters + excluded.letters
       )
       select from before, last where before.until < last.id`,
      [most],
    )
    return rowCount === 1
  })
}

/** @see https://www.postgresql.org/docs/18/errcodes-appendix.html lock_not_available */
function isLockTimeout(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === '55P03'
}
