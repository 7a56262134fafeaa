import type { Pool, PoolClient } from 'pg'

/** Letters that are looked at in one transaction. */
const windowSize = 10_000

/** Before all ids. */
export const firstId = '00000000-0000-0000-0000-000000000000'

/** The last id of the next letters after one; `null` when there are none. */
export async function windowEnd(client: Pool | PoolClient, after: string): Promise<string | null> {
  const { rows } = await client.query<{ id: string }>(
    `select id from (select id from letter where id > $1 order by id limit ${windowSize}) w order by id desc limit 1`,
    [after],
  )
  return rows[0]?.id ?? null
}
