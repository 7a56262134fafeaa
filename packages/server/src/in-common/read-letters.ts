import { setImmediate as nextTurn } from 'node:timers/promises'
import type pg from 'pg'
import type { Comparable } from './healthy.ts'
import { diedAt, type LetterRow, tokensOfLetter } from './letter-tokens.ts'
import type { Side, TokenCounts } from './token-counts.ts'

export interface Looked {
  readonly letters: number
  /** Of them, with a body that was read. */
  readonly bodies: number
  /** Days (UTC) on which they died. */
  readonly days: number
}

export interface ReadOptions {
  readonly side: Side
  readonly counts: TokenCounts
  /** Bytes that are read, and about fifty for each thing they say. Beyond, bodies are not looked into. @default 33,554,432 */
  readonly maxWork?: number
  /** Leaves out what is not compared. @default nothing is */
  readonly comparable?: Comparable
}

const workOfToken = 50
const atOnce = 400
/** Of a body, of headers: larger ones are not read at all. */
const maxBodyBytes = 32_768

/** Counts what the letters say, some hundred of them in memory at a time and in random order, so that no limit meets the newest or the oldest. */
export async function readLetters(
  pool: pg.Pool,
  ids: readonly string[],
  { side, counts, maxWork = 33_554_432, comparable }: ReadOptions,
): Promise<Looked> {
  const shuffled = shuffle(ids)
  const days = new Set<number>()
  let [letters, bodies, work] = [0, 0, 0]
  for (let start = 0; start < shuffled.length; start += atOnce) {
    const rows = await contentsOf(pool, shuffled.slice(start, start + atOnce), work < maxWork ? maxBodyBytes : 0)
    for (const row of rows) {
      const all = tokensOfLetter(row, { withBody: work < maxWork })
      const tokens = comparable === undefined ? all : comparable(row, all)
      counts.add(side, tokens)
      letters += 1
      if (tokens.body !== undefined) bodies += 1
      work += (row.body?.length ?? 0) + (row.headers?.length ?? 0)
      for (const part of Object.values(tokens)) work += part.length * workOfToken
      days.add(Math.floor(diedAt(row).getTime() / 86_400_000))
      // Whoever sends a replay meanwhile has a lease to keep.
      if (letters % 20 === 0) await nextTurn()
    }
  }
  return { letters, bodies, days: days.size }
}

/** Not of archived letters: that they hold neither body nor headers here would be what they have in common. */
async function contentsOf(pool: pg.Pool, ids: readonly string[], maxBody: number): Promise<readonly LetterRow[]> {
  const { rows } = await pool.query<Omit<LetterRow, 'queue' | 'tier'> & { readonly cause_id: string }>(
    `select c.id, l.cause_id, uuid_extract_timestamp(c.id) as captured_at, c.last_failed_at, c.error_class, c.consumer, c.service,
       c.release, c.host, coalesce(c.origin_partition, c.partition) as partition, c.origin_place as origin, c.attempts, c.reason, c.readers,
       c.replay_id is not null as returned, c.failure_headers, c.bytes, substring(c.key for 400) as key,
       case when octet_length(c.headers) <= $2 then c.headers end as headers,
       octet_length(c.properties) as properties_bytes, case when octet_length(c.properties) <= $2 then c.properties end as properties,
       octet_length(c.body) as body_bytes, case when octet_length(c.body) <= $3 then c.body end as body
     from letter_content c join letter l on l.id = c.id
     where c.id = any($1::uuid[]) and l.id = any($1::uuid[]) and l.state <> 'archived'`,
    [ids, maxBodyBytes, maxBody],
  )
  const causes = await causesOf(pool, [...new Set(rows.map((row) => row.cause_id))])
  return rows.map((row) => ({ ...row, queue: null, tier: null, ...causes.get(row.cause_id) }))
}

type OfCause = Pick<LetterRow, 'queue' | 'tier'>

/** By themselves: joined to every letter they cost more than the letters. */
async function causesOf(pool: pg.Pool, ids: readonly string[]): Promise<ReadonlyMap<string, OfCause>> {
  const { rows } = await pool.query<OfCause & { readonly id: string }>(
    'select ca.id, q.name as queue, ca.tier from cause ca join queue q on q.id = ca.queue_id where ca.id = any($1::bigint[])',
    [ids],
  )
  return new Map(rows.map(({ id, queue, tier }) => [id, { queue, tier }]))
}

function shuffle<T>(list: readonly T[]): T[] {
  const shuffled = [...list]
  for (let at = shuffled.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1))
    const kept = shuffled[at] as T
    shuffled[at] = shuffled[other] as T
    shuffled[other] = kept
  }
  return shuffled
}
