import type pg from 'pg'

/** A letter that is not with the cause the algorithm found, and that cause. */
export interface NewHome {
  readonly letterId: string
  readonly causeId: bigint
}

export async function insertHomes(client: pg.PoolClient, homes: readonly NewHome[]): Promise<void> {
  if (homes.length === 0) return
  await client.query({
    name: 'insert-letter-homes',
    text: 'insert into letter_home (letter_id, cause_id) select * from unnest($1::uuid[], $2::bigint[]) on conflict do nothing',
    values: [homes.map(({ letterId }) => letterId), homes.map(({ causeId }) => causeId.toString())],
  })
}
