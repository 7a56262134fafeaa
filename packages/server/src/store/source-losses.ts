import type pg from 'pg'

/** Positions that a broker removed before they were captured. */
export interface SourceLoss {
  readonly partition: string
  readonly from: bigint
  readonly to: bigint
}

/** The same one again, after a process that died meanwhile, is the same loss. */
export async function noteLoss(pool: pg.Pool, sourceId: number, { partition, from, to }: SourceLoss): Promise<void> {
  await pool.query(
    `insert into source_loss (source_id, partition, from_position, to_position) values ($1, $2, $3, $4)
     on conflict (source_id, partition, from_position) do update set to_position = greatest(source_loss.to_position, excluded.to_position)`,
    [sourceId, partition, from.toString(), to.toString()],
  )
}

/** The next position to read by partition, beyond what is known to be lost. */
export async function standingOf(
  pool: pg.Pool,
  { broker, place }: { readonly broker: string; readonly place: string },
): Promise<ReadonlyMap<string, bigint>> {
  const { rows } = await pool.query<{ partition: string; next: string }>(
    `select p.partition, greatest(p.next_position, (
        select max(l.to_position) from source_loss l where l.source_id = p.source_id and l.partition = p.partition)) as next
       from source s join source_position p on p.source_id = s.id
      where s.broker = $1 and s.place = $2 and p.next_position is not null`,
    [broker, place],
  )
  return new Map(rows.map(({ partition, next }) => [partition, BigInt(next)]))
}

/** Positions lost by source since a time, with when the last of them was noticed. */
export async function lossesSince(
  client: pg.Pool | pg.PoolClient,
  sinceMs: number,
): Promise<
  readonly {
    readonly broker: string
    readonly place: string
    readonly role: string
    readonly positions: number
    readonly noticedAt: Date
  }[]
> {
  const { rows } = await client.query(
    `select s.broker, s.place, s.role, sum(l.to_position - l.from_position)::float8 as positions, max(l.noticed_at) as "noticedAt"
       from source_loss l join source s on s.id = l.source_id where l.noticed_at >= $1 group by s.id order by s.broker, s.place`,
    [new Date(sinceMs)],
  )
  return rows
}
