import type { Tier } from '@redrive/worker'
import type { Pool, PoolClient } from 'pg'
import { diedAtMs } from '../../store/died-at.ts'
import { decodeHeaders } from '../../store/header-list.ts'
import type { LetterToPlace } from './letter-to-place.ts'
import type { RuleSet } from './rule-set.ts'

/** A letter as it is stored, with all that placing and moving it takes. */
export interface StoredLetter {
  readonly id: string
  readonly state: string
  /** Where it is, and where the algorithm put it. PostgreSQL's bigint as text. */
  readonly cause: string
  readonly home: string
  readonly letter: LetterToPlace
  readonly release: string | null
  readonly host: string | null
  readonly diedMs: number
}

/** States in which a letter has given up its bytes. */
const bare: ReadonlySet<string> = new Set(['archived', 'erased'])

/** Letters of one cause or queue after an id, in the order of ids, or the newest before one. */
export async function readLetters(
  client: Pool | PoolClient,
  rules: Pick<RuleSet, 'asksForHeaders' | 'asksForStack'>,
  from: {
    readonly over: 'cause' | 'queue'
    readonly id: string
    readonly after?: string
    /** With `after`: not beyond. */
    readonly until?: string
    readonly before?: string
    readonly limit: number
  },
): Promise<readonly StoredLetter[]> {
  const newest = from.after === undefined
  const { rows } = await client.query<Row>(
    `select l.id, l.state::text, l.cause_id as cause, coalesce(h.cause_id, l.cause_id) as home, q.id as queue_id, q.name as queue, ca.consumer, ca.tier,
            c.id is null as gone, c.error_class, c.message, c.reason, ${rules.asksForStack ? 'c.stack' : 'null'} as stack,
            ${rules.asksForHeaders ? 'c.headers' : 'null::bytea'} as headers, c.release, c.host, c.timestamp_ms,
            extract(epoch from c.last_failed_at) * 1000 as last_failed_ms
       from (select id, state, cause_id, queue_id from letter
              where ${from.over === 'cause' ? 'cause_id' : 'queue_id'} = $1 and ($2::uuid is null or id ${newest ? '<' : '>'} $2) and ($4::uuid is null or id <= $4)
              order by id ${newest ? 'desc' : ''} limit $3) l
       join queue q on q.id = l.queue_id join cause ca on ca.id = l.cause_id
       left join letter_content c on c.id = l.id left join letter_home h on h.letter_id = l.id
      order by l.id`,
    [from.id, from.after ?? from.before ?? null, from.limit, from.until ?? null],
  )
  return rows.map((row) => storedLetter(row, rules))
}

interface Row {
  readonly id: string
  readonly state: string
  readonly cause: string
  readonly home: string
  readonly queue_id: number
  readonly queue: string
  readonly consumer: string | null
  readonly tier: Tier
  readonly gone: boolean
  readonly error_class: string | null
  readonly message: string | null
  readonly reason: string | null
  readonly stack: string | null
  readonly headers: Buffer | null
  readonly release: string | null
  readonly host: string | null
  readonly timestamp_ms: string | null
  readonly last_failed_ms: string | null
}

function storedLetter(row: Row, rules: Pick<RuleSet, 'asksForHeaders' | 'asksForStack'>): StoredLetter {
  const { id, state, cause, home, headers } = row
  const kept = <T>(value: T): T | undefined => (row.gone ? undefined : value)
  const isBare = bare.has(state)
  return {
    id,
    state,
    cause,
    home,
    letter: {
      queue: { id: row.queue_id, name: row.queue },
      consumer: row.consumer,
      tier: row.tier,
      errorClass: kept(row.error_class),
      message: kept(row.message),
      reason: kept(row.reason),
      stack: isBare || !rules.asksForStack ? undefined : kept(row.stack),
      headers: () => (isBare || headers === null ? undefined : decodeHeaders(headers)),
    },
    release: row.release,
    host: row.host,
    diedMs: diedAtMs({
      id,
      lastFailedAtMs: row.last_failed_ms === null ? null : Number(row.last_failed_ms),
      timestampMs: row.timestamp_ms === null ? null : Number(row.timestamp_ms),
    }),
  }
}
