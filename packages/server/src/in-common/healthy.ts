import type { MessageSample } from '@redrive/worker'
import type pg from 'pg'
import { encodeHeaders } from '../store/header-list.ts'
import { type LetterRow, tokensOfLetter } from './letter-tokens.ts'
import type { LetterTokens, Token } from './token.ts'

/** A message that was handled, as its worker told of it. */
export interface HealthyMessage extends MessageSample {
  readonly at: Date
  readonly consumer: string
  readonly service: string
  readonly release: string | null
  readonly host: string | null
}

export interface HealthyMessages {
  readonly messages: readonly HealthyMessage[]
  /** They are all of them, or a random part of so many. */
  readonly count: number
}

export interface HealthyOptions {
  /** Names. */
  readonly queues: readonly string[]
  /** Others handle the same messages and may run other releases elsewhere. `null` among them: not known, so all. */
  readonly consumers: readonly (string | null)[]
  readonly from: Date
  readonly to: Date
  readonly size: number
}

/**
 * What workers told of the messages of these queues in that time: as many as it is worth (Kish), drawn so that the share of a worker among them is about
 * that of what it handled, not of what it told.
 * @see L. Kish, Survey Sampling (1965), § 11.7; P. Efraimidis, P. Spirakis, Weighted random sampling with a reservoir, IPL 97 (2006) 181–185
 */
export async function readHealthy(
  pool: pg.Pool,
  { queues, consumers, from, to, size }: HealthyOptions,
): Promise<HealthyMessages> {
  const { rows } = await pool.query<{ at: Date; consumer: string; content: string; count: number }>(
    `with told as materialized (
       select at, consumer, content, stands_for from traffic_sample
        where queue_id in (select id from queue where name = any($1)) and at >= $2 and at < $3 and ($4::text[] is null or consumer = any($4))
     ), size as (
       select count(*)::int as count, least($5, floor(sum(stands_for) ^ 2 / sum(stands_for ^ 2))) as most from told
     )
     select at, consumer, content, (select count from size) as count from told
      order by -ln(1 - random()) / stands_for limit (select most from size)`,
    [queues, from, to, consumers.includes(null) ? null : consumers, size],
  )
  const messages = rows.map(({ at, consumer, content }) => ({
    ...(JSON.parse(content) as Omit<HealthyMessage, 'at' | 'consumer'>),
    ...{ at, consumer },
  }))
  return { messages, count: rows[0]?.count ?? 0 }
}

/** The consumers of letters. */
export async function consumersOf(pool: pg.Pool, ids: readonly string[]): Promise<readonly (string | null)[]> {
  const { rows } = await pool.query<{ consumer: string | null }>(
    'select distinct consumer from letter_content where id = any($1::uuid[]) limit 100',
    [ids],
  )
  return rows.map(({ consumer }) => consumer)
}

/** The size of a letter and the hour of its death say nothing here: a letter is longer, and died when it died. */
export const comparedFacets: readonly string[] = ['consumer', 'service', 'release', 'host', 'partition']
const maxBodyBytes = 4_096

/** Leaves of what a letter, or a message, says what both can say. */
export type Comparable = (row: LetterRow, tokens: LetterTokens) => LetterTokens

/** @param messages of headers whose values some of them do not tell, only that they are there counts */
export function comparableWith(messages: readonly HealthyMessage[]): Comparable {
  const untold = new Set<string>()
  const told = new Set<string>()
  for (const { headers } of messages)
    for (const [name, ...value] of headers ?? []) (value.length > 0 ? told : untold).add(`header:${name}`)
  const isCompared = ({ facet, what }: Token): boolean => what === 'there' || (told.has(facet) && !untold.has(facet))
  return ({ body_bytes: bytes, body }, { letter = [], headers, body: members, 'body kind': kind }) => ({
    letter: letter.filter(({ facet }) => comparedFacets.includes(facet)),
    ...(headers === undefined ? {} : { headers: headers.filter(isCompared) }),
    ...(body !== null && bytes !== null && bytes > 0 && bytes <= maxBodyBytes && !isBytes(kind)
      ? { ...(members === undefined ? {} : { body: members }), ...(kind === undefined ? {} : { 'body kind': kind }) }
      : {}),
  })
}

function isBytes(kind: readonly Token[] | undefined): boolean {
  return kind?.some(({ value }) => value === 'bytes') ?? false
}

export function tokensOfMessage(message: HealthyMessage, comparable: Comparable): LetterTokens {
  const row = rowOf(message)
  const tokens = tokensOfLetter(row)
  const { headers, ...others } = comparable(row, tokens)
  return message.headers === null || headers === undefined ? others : { ...others, headers }
}

/** As a letter would be that tells no more. */
function rowOf({ at, consumer, service, release, host, partition, headers, body }: HealthyMessage): LetterRow {
  const bytes = body === null ? null : Buffer.from(body)
  return {
    ...{ id: '', queue: null, tier: null, captured_at: at, last_failed_at: null, error_class: null, origin: null },
    ...{ consumer, service, release, host, partition, attempts: null, reason: null, readers: [], returned: false },
    ...{ failure_headers: [], bytes: 0, key: null, properties: null, properties_bytes: null },
    headers: encodeHeaders((headers ?? []).map(([name, value]) => ({ name, value: Buffer.from(value ?? '') }))),
    body: bytes,
    body_bytes: bytes?.length ?? null,
  }
}
