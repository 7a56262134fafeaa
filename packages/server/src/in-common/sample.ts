import type { PoolClient } from 'pg'
import { firstUuidAt, uuidTimeMs } from '../store/uuid.ts'

/** Ids (UUIDs) of letters that stand for all of them. */
export interface Sample {
  readonly ids: readonly string[]
  /** How many they stand for; counted, or where there are very many, estimated. */
  readonly letters: number
  readonly counted: boolean
}

export interface SampleOptions {
  readonly causes: readonly string[]
  readonly fromMs: number
  readonly toMs: number
  /** UUIDs that do not belong to them. */
  readonly without: readonly string[]
  readonly size: number
  /** Ids are read of at most about so many letters. @default 250,000 */
  readonly maxScanned?: number
}

/**
 * A random sample in layers: the letters in order of cause and time are cut into as many equal stretches as letters are wanted, and one is
 * drawn from each. So every letter has the same chance, old ones as new ones, and no rhythm in the letters (partitions in turn) meets one of ours.
 * Where there are very many, first only a random part of each of several hundred equal slices of time is looked at.
 */
export async function sampleLetters(client: PoolClient, options: SampleOptions): Promise<Sample> {
  const { causes, fromMs, toMs, without, size, maxScanned = 250_000 } = options
  const thinned = Math.max(1, Math.ceil((await roughly(client, options)) / maxScanned))
  const windows = windowsOf({ fromMs, toMs, thinned, causes: causes.length })
  const { rows } = await client.query<{ id: string; total: string }>(
    `with those as materialized (
       select l.id, row_number() over (order by l.cause_id, l.id) - 1 as n, count(*) over () as total
         from unnest($1::uuid[], $2::uuid[]) as w(from_id, to_id)
         join letter l on l.id >= w.from_id and l.id < w.to_id and l.cause_id = any($3::bigint[])
        where not exists (select from unnest($4::uuid[]) as gone(id) where gone.id = l.id))
     select distinct on (n * $5::int / greatest($5::int, total)) id, total
       from those order by n * $5::int / greatest($5::int, total), random()`,
    [windows.map(([from]) => from), windows.map(([, to]) => to), causes, without, size],
  )
  const total = Number(rows[0]?.total ?? 0)
  return { ids: rows.map(({ id }) => id), letters: total * thinned, counted: thinned === 1 }
}

/** By the hours that are counted as letters come in: of hours that are cut, all. */
async function roughly(client: PoolClient, { causes, fromMs, toMs }: SampleOptions): Promise<number> {
  const { rows } = await client.query<{ letters: string }>(
    `select coalesce(sum(letters), 0) as letters from cause_hour
      where cause_id = any($1::bigint[]) and hour >= date_trunc('hour', $2::timestamptz) and hour < $3::timestamptz`,
    [causes, new Date(fromMs), new Date(toMs)],
  )
  return Number(rows[0]?.letters ?? 0)
}

/** From the first to before the second, as ids. */
function windowsOf(of: {
  readonly fromMs: number
  readonly toMs: number
  readonly thinned: number
  readonly causes: number
}): readonly (readonly [string, string])[] {
  const { fromMs, toMs, thinned, causes } = of
  if (thinned === 1) return [[firstUuidAt(fromMs), firstUuidAt(toMs)]]
  // A look into the index for each slice and cause.
  const slices = Math.min(2_000, Math.max(100, Math.ceil(100_000 / causes)), Math.ceil((toMs - fromMs) / thinned))
  const slice = (toMs - fromMs) / slices
  return Array.from({ length: slices }, (_, n) => {
    const start = fromMs + n * slice + Math.random() * (slice - slice / thinned)
    return [firstUuidAt(start), firstUuidAt(start + slice / thinned)]
  })
}

/** When the first and the last letter of the causes were captured, in epoch milliseconds; `undefined` when there is none. */
export async function spanOf(
  client: PoolClient,
  causes: readonly string[],
): Promise<{ readonly firstMs: number; readonly lastMs: number } | undefined> {
  const { rows } = await client.query<{ first: string; last: string }>(
    `select f.id as first, t.id as last from unnest($1::bigint[]) as c(id)
       cross join lateral (select id from letter where cause_id = c.id order by id limit 1) f
       cross join lateral (select id from letter where cause_id = c.id order by id desc limit 1) t`,
    [causes],
  )
  if (rows.length === 0) return undefined
  // Not by Math.min(...): a queue may have more causes than a call has room for.
  return rows.reduce(
    ({ firstMs, lastMs }, { first, last }) => ({
      firstMs: Math.min(firstMs, uuidTimeMs(first)),
      lastMs: Math.max(lastMs, uuidTimeMs(last)),
    }),
    { firstMs: Number.POSITIVE_INFINITY, lastMs: 0 },
  )
}
