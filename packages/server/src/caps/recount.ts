import type { Store } from '../store/store.ts'

/**
 * Counts what queues keep anew and puts right what was counted wrongly beside. Both are read in one snapshot, so what comes and goes meanwhile is no
 * difference. Reads each letter's narrow row once.
 * @returns queues that were wrong, by id
 */
export async function recountKept(store: Store): Promise<readonly number[]> {
  const wrong = await store.transaction(
    async (client) => {
      await client.query('set local statement_timeout to 0')
      const { rows } = await client.query<{ queueId: number; letters: string; bytes: string }>(
        `select queue_id as "queueId", coalesce(n.letters, 0) - coalesce(k.letters, 0) as letters, coalesce(n.bytes, 0) - coalesce(k.bytes, 0) as bytes
           from queue_kept k full join (
             select queue_id, count(*) as letters, sum(bytes) as bytes from letter where state not in ('archived', 'erased') group by 1) n using (queue_id)
          where coalesce(n.letters, 0) <> coalesce(k.letters, 0) or coalesce(n.bytes, 0) <> coalesce(k.bytes, 0) order by 1`,
      )
      return rows
    },
    { isolation: 'repeatable read', readOnly: true },
  )
  for (const { queueId, letters, bytes } of wrong)
    await store.pool.query(
      `insert into queue_kept as k (queue_id, letters, bytes) values ($1, $2, $3)
       on conflict (queue_id) do update set letters = k.letters + excluded.letters, bytes = k.bytes + excluded.bytes`,
      [queueId, letters, bytes],
    )
  return wrong.map(({ queueId }) => queueId)
}
