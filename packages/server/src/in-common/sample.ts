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
 * A random sample in layers: the letters, by cause and time, are cut into as many equal stretches as letters are wanted, and one is drawn
 * from each. So every letter has the same chance, old ones as new ones, and no rhythm in the letters (partitions in turn) meets one of ours.
 * Where there are very many, only a random part of each of many equal slices of time is looked at.
 */
export async function sampleLetters(client: PoolClient, options: SampleOptions): Promise<Sample> {
  const { causes, fromMs, toMs, without, size, maxScanned = 250_000 } = options
  if (causes.length === 0) return { ids: [], letters: 0, counted: true }
  for (let thinned = 1; ; thinned *= 4) {
    const windows = windowsOf({ fromMs, toMs, thinned, causes: causes.length })
    const those = { windows, causes, without }
    const letters = await countUpTo(client, { ...those, most: maxScanned + 1 })
    if (letters <= maxScanned)
      return {
        ids: await idsAt(client, { ...those, positions: positionsOf(letters, size) }),
        letters: letters * thinned,
        counted: thinned === 1,
      }
  }
}

/** One of each of `size` equal stretches of 1 to `letters`; all of them when there are not more. */
export function positionsOf(letters: number, size: number): readonly number[] {
  if (letters <= size) return Array.from({ length: letters }, (_, n) => n + 1)
  const start = (stretch: number): number => Math.floor((stretch * letters) / size)
  return Array.from({ length: size }, (_, n) => start(n) + 1 + Math.floor(Math.random() * (start(n + 1) - start(n))))
}

interface Those {
  readonly windows: Windows
  readonly causes: readonly string[]
  readonly without: readonly string[]
}

/** `$1` to `$4`. In the order of the index over causes and ids, which costs no sorting. */
const those = `
  unnest($1::uuid[], $2::uuid[]) as w(from_id, to_id)
  join letter l on l.id >= w.from_id and l.id < w.to_id and l.cause_id = any($3::bigint[])
  where not exists (select from unnest($4::uuid[]) as gone(id) where gone.id = l.id)`

const parametersOf = ({ windows, causes, without }: Those): unknown[] => [
  windows.map(([from]) => from),
  windows.map(([, to]) => to),
  causes,
  without,
]

async function countUpTo(client: PoolClient, { most, ...of }: Those & { readonly most: number }): Promise<number> {
  const { rows } = await client.query<{ letters: number }>(
    `select count(*)::int as letters from (select from ${those} limit $5) as found`,
    [...parametersOf(of), most],
  )
  return rows[0]?.letters ?? 0
}

async function idsAt(
  client: PoolClient,
  { positions, ...of }: Those & { readonly positions: readonly number[] },
): Promise<readonly string[]> {
  const { rows } = await client.query<{ id: string }>(
    `select id from (select l.id, row_number() over () as n from ${those}) as found where n = any($5::bigint[])`,
    [...parametersOf(of), positions],
  )
  return rows.map(({ id }) => id)
}

type Windows = readonly (readonly [string, string])[]

/** From the first to before the second, as ids. */
function windowsOf(of: {
  readonly fromMs: number
  readonly toMs: number
  readonly thinned: number
  readonly causes: number
}): Windows {
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
