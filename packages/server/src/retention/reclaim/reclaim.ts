import type { Store } from '../../store/store.ts'
import { cleanRows } from './clean-rows.ts'
import { type Debt, type Month, monthNamed } from './debt.ts'
import { dropPartition } from './drop-partition.ts'
import { rewritePartition } from './rewrite-partition.ts'

/** Taking rows out leaves holes that no new letter fills; beyond this share of a month its table is written anew. */
const worthRewriting = 0.25
/** Letters of a month may still be captured for a moment after it. */
const settlesMs = 86_400_000

/**
 * Gives back the room of letters that were deleted or archived: a month of which none is left is dropped as a whole, one of which much is gone
 * is written anew without them, and else their rows are taken out. What cannot be done now, since somebody reads there, stays noted for the next
 * pass.
 * @returns bytes given back to the disk
 */
export async function reclaim(store: Store, { signal }: { readonly signal: AbortSignal }): Promise<number> {
  const { rows: debts } = await store.pool.query<Debt>(
    `select partition, letters::float8 as letters, from_id as "fromId", to_id as "toId", to_regclass('redrive.' || quote_ident(partition)) is not null as "isThere"
       from content_debt order by partition`,
  )
  let freedBytes = 0
  for (const debt of debts) {
    if (signal.aborted) break
    freedBytes += await settle(store, debt)
  }
  return freedBytes
}

async function settle(store: Store, debt: Debt): Promise<number> {
  const month = monthNamed(debt.partition)
  const { now, whole, slim, bytes } = await look(store, debt, month)
  const isClosed = debt.isThere && now >= month.endMs + settlesMs
  if (isClosed && whole + slim === 0) return (await dropPartition(store, month)) ? bytes : 0
  if (isClosed && debt.letters >= worthRewriting * (whole + slim + debt.letters)) {
    const left = await rewritePartition(store, month)
    return left === false ? 0 : Math.max(0, bytes - left)
  }
  await cleanRows(store, debt)
  return 0
}

/** Letters of a month whose bytes are wanted here (whole), or in part (slim: the bytes are in an archive); the table's size and the database's clock. */
async function look(
  store: Store,
  { isThere }: Debt,
  { name, from, to }: Month,
): Promise<{ readonly now: number; readonly whole: number; readonly slim: number; readonly bytes: number }> {
  return store.transaction(async (client) => {
    await client.query('set local statement_timeout to 0')
    const { rows } = await client.query<{ now: Date; whole: number; slim: number; bytes: number }>(
      `select now(), count(*) filter (where state <> 'archived')::float8 as whole, count(*) filter (where state = 'archived')::float8 as slim,
         coalesce(pg_total_relation_size(to_regclass($3)), 0)::float8 as bytes
       from letter where id >= $1 and id < $2`,
      [from, to, isThere ? `redrive.${name}` : null],
    )
    const [row] = rows
    return { now: row?.now.getTime() ?? 0, whole: row?.whole ?? 0, slim: row?.slim ?? 0, bytes: row?.bytes ?? 0 }
  })
}
