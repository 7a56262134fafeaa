import type { PoolClient } from 'pg'

/** Which letters have a newer one of their key in their queue. Made once for a plan, asked by the page. */
export interface Superseded {
  /** Of these UUIDs. */
  of(ids: readonly string[]): Promise<ReadonlySet<string>>
}

/**
 * Reads every letter of the queues from the oldest one on, once: keys are in no index, for capture would pay for it. Keys are compared by their
 * SHA-256. What is kept is in the database, until the transaction ends.
 *
 * @param ids UUIDs, oldest first
 * @returns `null` where that would take longer than `patienceMs`
 */
export async function findSuperseded(
  client: PoolClient,
  ids: readonly string[],
  patienceMs: number,
): Promise<Superseded | null> {
  const [oldest] = ids
  if (oldest === undefined) return { of: async () => new Set() }
  const startedAtMs = performance.now()
  let keys = 0
  await client.query('savepoint superseded')
  try {
    await client.query(`set local statement_timeout to ${Math.floor(patienceMs)}`)
    await client.query(
      'create temp table if not exists newest_of_key (queue_id int, hash bytea, id text) on commit drop',
    )
    const kept = await client.query(
      `insert into newest_of_key
       select l.queue_id, sha256(c.key), max(l.id::text) from letter l join letter_content c on c.id = l.id
       where c.key is not null and l.id >= $1 and c.id >= $1 group by 1, 2 having count(*) > 1`,
      [oldest],
    )
    keys = kept.rowCount ?? 0
    await client.query('analyze newest_of_key')
    await client.query(`set local statement_timeout to '60s'`)
    await client.query('release savepoint superseded')
  } catch (error) {
    await client.query('rollback to savepoint superseded')
    // The same code stands for a cancelled statement.
    const isTimeout = (error as { code?: string }).code === '57014' && performance.now() - startedAtMs >= patienceMs
    if (isTimeout) return null
    throw error
  }
  return {
    async of(page) {
      if (keys === 0) return new Set()
      const { rows } = await client.query<{ id: string }>(
        `select l.id from letter l join letter_content c on c.id = l.id
           join newest_of_key n on n.queue_id = l.queue_id and n.hash = sha256(c.key)
         where l.id = any($1::uuid[]) and c.id = any($1::uuid[]) and n.id > l.id::text`,
        [page],
      )
      return new Set(rows.map(({ id }) => id))
    },
  }
}
