import type { Pool, PoolClient } from 'pg'

/**
 * Letters of causes by state; states without any left out. Nothing is counted one by one: all letters of a cause came in as `open`, and each
 * change since then left its difference.
 */
export async function countLetters(
  client: Pool | PoolClient,
  causeIds: readonly string[],
): Promise<ReadonlyMap<string, Readonly<Record<string, number>>>> {
  const counts = new Map<string, Record<string, number>>()
  if (causeIds.length === 0) return counts
  const { rows } = await client.query<{ id: string; state: string; letters: string }>(
    `select id, state::text, sum(letters) as letters
       from (
         select id, 'open'::letter_state as state, letters from cause where id = any($1::bigint[])
         union all
         select cause_id, state, letters from cause_change where cause_id = any($1::bigint[])
       ) as came
      group by 1, 2 having sum(letters) <> 0`,
    [causeIds],
  )
  for (const { id, state, letters } of rows) counts.set(id, { ...counts.get(id), [state]: Number(letters) })
  return counts
}
