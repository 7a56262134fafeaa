import type { PoolClient } from 'pg'
import type { Review } from '../review.ts'
import type { Span } from '../week.ts'

/**
 * Why letters were discarded in the span, and by whom: from the same entries as the queues' numbers, so that both say the same. What was undone
 * in it is taken off.
 */
export async function readDiscards(
  client: PoolClient,
  { fromMs, toMs, most }: Span & { readonly most: number },
): Promise<Review['discards']> {
  const { rows } = await client.query<{ reason: string; letters: string; by: readonly string[] }>(
    `with moved as materialized (
       select reference, sum(letters) as letters from ledger_entry
        where at >= $1 and at < $2 and account = 'discarded' and what in ('discard', 'discard undone') group by 1
     )
     select d.reason, sum(m.letters) as letters, (array_agg(distinct d.done_by order by d.done_by) filter (where m.letters > 0))[1:5] as by
       from moved m join discard d on d.id = m.reference::uuid group by 1
     having sum(m.letters) > 0 order by 2 desc, 1`,
    [new Date(fromMs), new Date(toMs)],
  )
  return { count: rows.length, shown: rows.slice(0, most).map((row) => ({ ...row, letters: Number(row.letters) })) }
}
