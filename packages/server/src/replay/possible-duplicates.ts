import type { PoolClient } from 'pg'

/** The header that tells a consumer that this replay may be one too many. Its value is `1`. */
export const possibleDuplicateHeader = 'redrive-possible-duplicate'

/** From now on replays of these letters are marked: one of before may have arrived. */
export async function allowResending(
  client: PoolClient,
  { letters, by }: { readonly letters: readonly string[]; readonly by: string },
): Promise<void> {
  if (letters.length === 0) return
  await client.query(
    `insert into possible_duplicate (letter_id, decided_by) select unnest($1::uuid[]), $2 on conflict (letter_id) do nothing`,
    [letters, by],
  )
}
