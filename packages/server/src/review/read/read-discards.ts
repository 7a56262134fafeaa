import type { PoolClient } from 'pg'
import type { Review } from '../review.ts'
import type { Span } from '../week.ts'

/** Why letters were discarded in the span, and by whom. */
export async function readDiscards(
  client: PoolClient,
  { fromMs, toMs, most }: Span & { readonly most: number },
): Promise<Review['discards']> {
  const { rows } = await client.query<{ reason: string; letters: string; by: readonly string[] }>(
    `select coalesce(reason, '') as reason, sum((details ->> 'discarded')::bigint) as letters,
       (array_agg(distinct actor order by actor))[1:5] as by
     from audit where action = 'letters.discard' and at >= $1 and at < $2 group by 1
     having sum((details ->> 'discarded')::bigint) > 0 order by 2 desc, 1`,
    [new Date(fromMs), new Date(toMs)],
  )
  return { count: rows.length, shown: rows.slice(0, most).map((row) => ({ ...row, letters: Number(row.letters) })) }
}
