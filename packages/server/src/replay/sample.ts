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
  const orders = kinds.map((letters) => spread(letters, Math.ceil(size / kinds.length)))
  const longest = Math.max(0, ...kinds.map((letters) => letters.length))
  const chosen = Array.from({ length: longest }, (_, round) => orders.flatMap((order) => order.slice(round, round + 1)))
    .flat()
    .slice(0, size)
  const retried = chosen.flatMap((each) => (each.retried === null ? [] : [each.retried]))
  return {
    ids: chosen.map(({ id }) => id).toSorted(),
    retriedSeconds: retried.length === 0 ? null : Math.max(...retried),
  }
}

/** All of them: the oldest, the newest, then evenly between as many as are likely taken, then the rest. */
function spread<T>(letters: readonly T[], taken: number): readonly T[] {
  const even = Array.from({ length: taken }, (_, n) =>
    n === 0 ? letters[0] : letters[Math.round(((letters.length - 1) * (taken - n)) / (taken - 1))],
  )
  return [...new Set([...even, ...letters])].filter((letter) => letter !== undefined)
}
