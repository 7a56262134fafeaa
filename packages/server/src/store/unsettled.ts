import type pg from 'pg'

/** A captured letter whose acknowledgement is not known to have reached a source without identities. */
export interface Unsettled {
  readonly letterId: string
  readonly contentHash: Uint8Array
}

/** Far beyond any redelivery after a reconnect. */
const forgottenAfter = '10 minutes'

export async function insertUnsettled(
  client: pg.PoolClient,
  sourceId: number,
  letters: readonly Unsettled[],
): Promise<void> {
  if (letters.length === 0) return
  await client.query({
    name: 'insert-unsettled',
    text: 'insert into unsettled (source_id, letter_id, content_hash) select $1, * from unnest($2::uuid[], $3::bytea[])',
    values: [sourceId, letters.map(({ letterId }) => letterId), letters.map(({ contentHash }) => contentHash)],
  })
}

/** Letters with these contents that may come again, oldest first, per content as hex. */
export async function findUnsettled(
  client: pg.Pool,
  sourceId: number,
  contents: readonly Uint8Array[],
): Promise<Map<string, string[]>> {
  const { rows } = await client.query<{ content: string; letter_id: string }>({
    name: 'find-unsettled',
    text: `
      select encode(content_hash, 'hex') as content, letter_id from unsettled
       where source_id = $1 and content_hash = any($2::bytea[]) order by letter_id`,
    values: [sourceId, contents],
  })
  const found = new Map<string, string[]>()
  for (const { content, letter_id } of rows) {
    const letters = found.get(content)
    if (letters === undefined) found.set(content, [letter_id])
    else letters.push(letter_id)
  }
  return found
}

/** Forgets letters whose acknowledgement arrived, and those nobody will ask for any more. */
export async function deleteUnsettled(
  connection: pg.Pool | pg.PoolClient,
  sourceId: number,
  letterIds: readonly string[],
): Promise<void> {
  await connection.query(
    `delete from unsettled where letter_id = any($2::uuid[]) or (source_id = $1 and captured_at < now() - interval '${forgottenAfter}')`,
    [sourceId, letterIds],
  )
}
