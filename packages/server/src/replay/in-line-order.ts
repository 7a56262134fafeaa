import type { PoolClient } from 'pg'

/**
 * The same letters at the same slots, but those of one line among themselves in its order: whatever else a plan prefers, a later message of a
 * key is not sent before an earlier one.
 *
 * @param ids UUIDs
 */
export async function inLineOrder(client: PoolClient, ids: readonly string[]): Promise<readonly string[]> {
  // With workers that keep no lines there is nothing to be compared with a million ids.
  const any = await client.query('select from letter_line limit 1')
  if (any.rowCount === 0) return ids
  const { rows } = await client.query<{ letter_id: string; line_id: string }>(
    `select letter_id, line_id from letter_line where letter_id = any($1::uuid[]) order by line_id, at, letter_id`,
    [ids],
  )
  if (rows.length === 0) return ids
  const slots = new Map<string, number>(ids.map((id, slot) => [id, slot]))
  const ordered = [...ids]
  for (const line of Map.groupBy(rows, ({ line_id }) => line_id).values()) {
    const free = line.map(({ letter_id }) => slots.get(letter_id) ?? 0).toSorted((a, b) => a - b)
    line.forEach(({ letter_id }, at) => {
      ordered[free[at] ?? 0] = letter_id
    })
  }
  return ordered
}

/** Of these letters, those of a worker that keeps their line. */
export async function thoseInLine(client: PoolClient, ids: readonly string[]): Promise<readonly string[]> {
  const { rows } = await client.query<{ letter_id: string }>(
    'select letter_id from letter_line where letter_id = any($1::uuid[])',
    [ids],
  )
  return rows.map(({ letter_id }) => letter_id)
}
