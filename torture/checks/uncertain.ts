import type pg from 'pg'

/** Letters that were uncertain and are not any more, by the books. */
export async function uncertainResolved(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ letters: number }>(
    `select coalesce(-sum(letters), 0)::int as letters from redrive.ledger_entry where account = 'uncertain' and letters < 0`,
  )
  return rows[0]?.letters ?? 0
}

/** From the death of who had the intent until somebody noted what became of its letters. */
export async function longestUnownedMs(client: pg.Client, killedAtMs: readonly number[]): Promise<number> {
  const { rows } = await client.query<{ from: number; to: number }>(
    `select extract(epoch from intended_at)::float8 * 1000 as from, extract(epoch from coalesce(noted_at, now()))::float8 * 1000 as to
     from redrive.intent`,
  )
  const unowned = rows.map(({ from, to }) => {
    const death = killedAtMs.find((atMs) => atMs >= from && atMs < to)
    return death === undefined ? 0 : to - death
  })
  return Math.round(Math.max(0, ...unowned))
}
