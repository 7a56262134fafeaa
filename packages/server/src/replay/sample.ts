import type { PoolClient } from 'pg'

/** Most letters that are looked at for a sample, evenly over the whole. */
const looked = 5_000

export interface Sample {
  /** UUIDs, oldest first. */
  readonly ids: readonly string[]
  /** How long the slowest of them was retried before it died; `null` when nothing of that is known. */
  readonly retriedSeconds: number | null
}

/**
 * Letters that stand for a set: of as many kinds as fit (cause, consumer, release, partition), the most frequent kinds first, and within a
 * kind from its whole time. The same set gives the same sample.
 *
 * @param ids UUIDs, oldest first
 */
export async function sampleOf(client: PoolClient, ids: readonly string[], size: number): Promise<Sample> {
  const step = Math.max(1, ids.length / looked)
  const candidates = Array.from({ length: Math.min(ids.length, looked) }, (_, index) => ids[Math.floor(index * step)])
  const { rows } = await client.query<{ id: string; kind: string; retried: number | null }>(
    `select l.id, jsonb_build_array(l.cause_id, c.consumer, c.release, c.partition)::text as kind,
       extract(epoch from c.last_failed_at - c.first_failed_at)::float8 as retried
     from letter l join letter_content c on c.id = l.id
     where l.id = any($1::uuid[]) and c.id = any($1::uuid[]) and l.state::text = 'open' order by l.id`,
    [candidates],
  )
  const kinds = [...Map.groupBy(rows, ({ kind }) => kind).values()].toSorted((a, b) => b.length - a.length)
  const chosen: (typeof rows)[number][] = []
  for (let round = 0; chosen.length < Math.min(size, rows.length); round++) {
    for (const letters of kinds) {
      const letter = spread(letters, { round, rounds: Math.ceil(size / kinds.length) })
      if (letter !== undefined && chosen.length < size && !chosen.includes(letter)) chosen.push(letter)
    }
    if (round >= rows.length) break
  }
  const retried = chosen.flatMap((each) => (each.retried === null ? [] : [each.retried]))
  return {
    ids: chosen.map(({ id }) => id).toSorted(),
    retriedSeconds: retried.length === 0 ? null : Math.max(...retried),
  }
}

/** The oldest first, then the newest, then evenly between; after that one by one. */
function spread<T>(letters: readonly T[], { round, rounds }: { round: number; rounds: number }): T | undefined {
  if (round === 0) return letters[0]
  if (round < rounds) return letters[Math.round(((letters.length - 1) * (rounds - round)) / (rounds - 1))]
  return letters[round - rounds]
}
