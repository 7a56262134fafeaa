import type pg from 'pg'

export interface SourceKey {
  /** Name of the broker connection. */
  readonly broker: string
  readonly system: string
  readonly place: string
  readonly role: 'dead-letter' | 'receipts'
}

/** What a batch moves in one partition of a source. `null` positions: the source has none. */
export interface PositionMove {
  readonly partition: string
  /** The value that was read: when the database holds another by now, somebody else took over. */
  readonly was: bigint | null
  readonly next: bigint | null
  readonly letters: number
  readonly duplicates: number
  readonly receipts: number
}

/** The position of a partition is not the one that was read: another office reads it, or an earlier commit took effect after all. */
export class PositionMoved extends Error {
  override readonly name: string = 'PositionMoved'
}

/** The id of a source, made when it is new. */
export async function ensureSource(pool: pg.Pool, { broker, system, place, role }: SourceKey): Promise<number> {
  await pool.query(
    'insert into source (broker, system, place, role) values ($1, $2, $3, $4) on conflict (broker, place) do nothing',
    [broker, system, place, role],
  )
  const { rows } = await pool.query<{ id: number }>('select id from source where broker = $1 and place = $2', [
    broker,
    place,
  ])
  if (rows[0] === undefined) throw new Error(`source ${place} vanished while it was made`)
  return rows[0].id
}

/** The next position to read of each partition; makes the rows that `movePositions` moves. */
export async function loadPositions(
  pool: pg.Pool,
  sourceId: number,
  partitions: readonly string[],
): Promise<Map<string, bigint | null>> {
  await pool.query(
    'insert into source_position (source_id, partition) select $1, unnest($2::text[]) on conflict (source_id, partition) do nothing',
    [sourceId, partitions],
  )
  const { rows } = await pool.query<{ partition: string; next_position: string | null }>(
    'select partition, next_position from source_position where source_id = $1 and partition = any($2)',
    [sourceId, partitions],
  )
  return new Map(rows.map((row) => [row.partition, row.next_position === null ? null : BigInt(row.next_position)]))
}

/**
 * Moves positions and counts what was delivered, in the transaction of the letters.
 * @throws PositionMoved
 */
export async function movePositions(
  client: pg.PoolClient,
  sourceId: number,
  moves: readonly PositionMove[],
): Promise<void> {
  const sorted = moves.toSorted((a, b) => (a.partition < b.partition ? -1 : 1))
  const { rowCount } = await client.query({
    name: 'move-positions',
    text: `
      update source_position as p
         set next_position = m.next, moved_at = now(), delivered = p.delivered + m.letters + m.duplicates + m.receipts,
             letters = p.letters + m.letters, duplicates = p.duplicates + m.duplicates, receipts = p.receipts + m.receipts
        from unnest($2::text[], $3::bigint[], $4::bigint[], $5::int[], $6::int[], $7::int[])
          as m (partition, was, next, letters, duplicates, receipts)
       where p.source_id = $1 and p.partition = m.partition and p.next_position is not distinct from m.was`,
    values: [
      sourceId,
      sorted.map((move) => move.partition),
      sorted.map((move) => move.was?.toString() ?? null),
      sorted.map((move) => move.next?.toString() ?? null),
      sorted.map((move) => move.letters),
      sorted.map((move) => move.duplicates),
      sorted.map((move) => move.receipts),
    ],
  })
  if (rowCount !== moves.length)
    throw new PositionMoved(
      `${moves.length - (rowCount ?? 0)} of ${moves.length} partitions were moved by somebody else`,
    )
}
