import type { Pool, PoolClient } from 'pg'

/** How much a queue keeps: letters that are here, archived and erased ones not. */
export interface Kept {
  readonly letters: number
  /** Of their letters as they were captured. */
  readonly bytes: number
}

export interface KeptOfQueue extends Kept {
  readonly queueId: number
  readonly queue: string
  /** Since when its sources wait. */
  readonly fullSince: Date | null
}

/** Counts letters that were just written, each queue once, and that they are of this source. @returns what their queues keep with them, in no order */
export async function addKept(
  client: PoolClient,
  added: readonly (Kept & { readonly queueId: number; readonly sourceId: number })[],
): Promise<readonly (Kept & { readonly queueId: number; readonly isFull: boolean })[]> {
  if (added.length === 0) return []
  const sorted = added.toSorted((a, b) => a.queueId - b.queueId)
  const { rows } = await client.query<Kept & { queueId: number; isFull: boolean }>({
    name: 'add-kept',
    text: `with fed as (
        insert into source_queue (source_id, queue_id)
        select source_id, queue_id from unnest($4::int[], $1::int[]) as f (source_id, queue_id)
         where not exists (select from source_queue s where s.source_id = f.source_id and s.queue_id = f.queue_id)
        on conflict do nothing
      )
      insert into queue_kept as k (queue_id, letters, bytes) select * from unnest($1::int[], $2::bigint[], $3::bigint[])
      on conflict (queue_id) do update set letters = k.letters + excluded.letters, bytes = k.bytes + excluded.bytes
      returning queue_id as "queueId", letters::float8, bytes::float8, full_since is not null as "isFull"`,
    values: [
      sorted.map(({ queueId }) => queueId),
      sorted.map(({ letters }) => letters),
      sorted.map(({ bytes }) => bytes),
      sorted.map(({ sourceId }) => sourceId),
    ],
  })
  return rows
}

/** That a source has letters of a queue, also when none of them could be taken. */
export async function noteFed(pool: Pool, sourceId: number, queueId: number): Promise<void> {
  await pool.query('insert into source_queue (source_id, queue_id) values ($1, $2) on conflict do nothing', [
    sourceId,
    queueId,
  ])
}

/** From now on its sources wait, or do not any more. */
export async function setFull(
  client: Pool | PoolClient,
  { full, free }: { readonly full: readonly number[]; readonly free: readonly number[] },
): Promise<void> {
  if (full.length + free.length === 0) return
  await client.query(
    `update queue_kept set full_since = case when queue_id = any($1::int[]) then now() end
      where (queue_id = any($1::int[]) and full_since is null) or (queue_id = any($2::int[]) and full_since is not null)`,
    [full, free],
  )
}

/** What queues keep; of one source only: those that its letters are of. */
export async function keptOf(
  client: Pool | PoolClient,
  { sourceId = null, queue = null }: { readonly sourceId?: number | null; readonly queue?: string | null } = {},
): Promise<readonly KeptOfQueue[]> {
  const { rows } = await client.query<KeptOfQueue>(
    `select q.id as "queueId", q.name as queue, k.letters::float8, k.bytes::float8, k.full_since as "fullSince"
       from queue_kept k join queue q on q.id = k.queue_id
      where ($1::int is null or exists (select from source_queue s where s.source_id = $1 and s.queue_id = q.id))
        and ($2::text is null or q.name = $2) order by q.name`,
    [sourceId, queue],
  )
  return rows
}
