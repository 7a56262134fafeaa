import type { Message, ReadLetter } from '@redrive/worker'
import type pg from 'pg'
import { CopyRows, sendRows } from './copy-binary.ts'
import { writeHeaders } from './header-list.ts'
import { uuidBytes } from './uuid.ts'

/** A letter as it goes into the tables. */
export interface NewLetter {
  readonly id: Buffer
  readonly queueId: number
  readonly sourceId: number
  readonly causeId: bigint
  /** 16 bytes, unique per source. */
  readonly identity: Uint8Array
  readonly message: Message
  /** What was replaced in it before it came here, and where. */
  readonly redacted: readonly string[]
  readonly bodySha256: Uint8Array
  readonly bytes: number
  readonly partition: string
  readonly position: bigint | null
  readonly read: ReadLetter
  readonly terms: readonly number[]
}

const letterColumns = ['id', 'queue_id', 'source_id', 'cause_id', 'identity', 'bytes'] as const
const outstandingColumns = ['queue_id', 'cause_id', 'letter_id'] as const
const contentColumns = [
  'id', 'key', 'body', 'body_sha256', 'headers', 'properties', 'timestamp_ms', 'partition', 'position', 'bytes',
  'origin_system', 'origin_place', 'origin_partition', 'origin_position', 'origin_route', 'consumer', 'error_class', 'message', 'stack', 'reason',
  'attempts', 'first_failed_at', 'last_failed_at', 'service', 'release', 'host', 'traceparent', 'wire_id', 'replay_id', 'hops',
  'readers', 'failure_headers', 'confidence', 'terms', 'redacted',
] as const // biome-ignore format: the columns read better in lines

/** Rows of a batch, encoded as they come and sent by binary COPYs, a table each. */
export class LetterRows {
  readonly #letters: CopyRows = new CopyRows()
  readonly #outstanding: CopyRows = new CopyRows()
  readonly #contents: CopyRows = new CopyRows()

  get count(): number {
    return this.#letters.rows
  }

  get bytes(): number {
    return this.#contents.writer.length
  }

  reset(): void {
    this.#letters.reset()
    this.#outstanding.reset()
    this.#contents.reset()
  }

  /** Adds one letter, or nothing when it throws. */
  add(letter: NewLetter): void {
    const marks = [this.#letters.mark(), this.#outstanding.mark(), this.#contents.mark()] as const
    try {
      encodeLetter(this.#letters, letter)
      encodeOutstanding(this.#outstanding, letter)
      encodeContent(this.#contents, letter)
    } catch (error) {
      this.#letters.rollback(marks[0])
      this.#outstanding.rollback(marks[1])
      this.#contents.rollback(marks[2])
      throw error
    }
  }

  async insert(client: pg.PoolClient): Promise<void> {
    if (this.count === 0) return
    await sendRows(client, [
      { rows: this.#letters, table: 'letter', columns: letterColumns },
      { rows: this.#outstanding, table: 'outstanding', columns: outstandingColumns },
      { rows: this.#contents, table: 'letter_content', columns: contentColumns },
    ])
  }
}

/** Those of the identities that this source has delivered before, as hex. */
export async function knownIdentities(
  client: pg.Pool | pg.PoolClient,
  sourceId: number,
  identities: readonly Uint8Array[],
): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ identity: string }>({
    name: 'known-identities',
    text: `select encode(identity, 'hex') as identity from letter where source_id = $1 and identity = any($2::bytea[])`,
    values: [sourceId, identities],
  })
  return new Set(rows.map(({ identity }) => identity))
}

/** Whether one of the letters that were just written was deleted before: what `unique (source_id, identity)` is to those that are there. */
export async function wereDeleted(
  client: pg.PoolClient,
  sourceId: number,
  span: { readonly first: string; readonly last: string } | null,
): Promise<boolean> {
  if (span === null) return false
  const { rows } = await client.query<{ some: boolean }>({
    name: 'were-deleted',
    // The offset keeps it a look for each letter: a join might read all tombstones.
    text: `select exists (select from letter l where l.id between $2 and $3 and l.source_id = $1
                     and exists (select from tombstone t where t.source_id = $1 and t.identity = l.identity offset 0)) as some`,
    values: [sourceId, span.first, span.last],
  })
  return rows[0]?.some === true
}

/**
 * Letters of this source with these identities and the hashes of their bodies, all as hex; also those that were deleted. Of those that were erased
 * there is no hash (`null`), but the time of the message, where it had one; that of deleted ones is known where something in them was redacted.
 */
export async function lettersByIdentity(
  pool: pg.Pool,
  sourceId: number,
  identities: readonly Uint8Array[],
): Promise<readonly KnownLetter[]> {
  const { rows } = await pool.query<KnownLetter>(
    `select encode(l.identity, 'hex') as identity, encode(c.body_sha256, 'hex') as body_sha256, c.timestamp_ms::text, c.redacted is not null as is_redacted
       from letter l join letter_content c on c.id = l.id where l.source_id = $1 and l.identity = any($2::bytea[])
      union all select encode(identity, 'hex'), encode(body_sha256, 'hex'), timestamp_ms::text, timestamp_ms is not null and not is_erased from tombstone where source_id = $1 and identity = any($2::bytea[])`,
    [sourceId, identities],
  )
  return rows
}

export interface KnownLetter {
  readonly identity: string
  readonly body_sha256: string | null
  readonly timestamp_ms: string | null
  /** Its hash is not that of what was delivered. */
  readonly is_redacted: boolean
}

function encodeLetter(rows: CopyRows, letter: NewLetter): void {
  rows.row(letterColumns.length)
  rows.uuid(letter.id)
  rows.int4(letter.queueId)
  rows.int4(letter.sourceId)
  rows.int8(letter.causeId)
  rows.bytes(letter.identity)
  rows.int4(letter.bytes)
}

function encodeOutstanding(rows: CopyRows, letter: NewLetter): void {
  rows.row(outstandingColumns.length)
  rows.int4(letter.queueId)
  rows.int8(letter.causeId)
  rows.uuid(letter.id)
}

function encodeContent(rows: CopyRows, letter: NewLetter): void {
  const { message, read } = letter
  const { facts } = read
  rows.row(contentColumns.length)
  rows.uuid(letter.id)
  rows.bytes(message.key)
  rows.bytes(message.body)
  rows.bytes(letter.bodySha256)
  const at = rows.writer.length
  rows.writer.int32(0)
  writeHeaders(rows.writer, message.headers)
  rows.writer.patchInt32(at, rows.writer.length - at - 4)
  rows.bytes(message.properties === undefined ? null : Buffer.from(JSON.stringify(message.properties), 'utf8'))
  rows.int8(message.timestampMs)
  rows.text(letter.partition)
  rows.int8(letter.position)
  rows.int4(letter.bytes)
  rows.text(facts.originSystem)
  rows.text(facts.originPlace)
  rows.text(facts.originPartition)
  rows.text(facts.originPosition)
  rows.jsonb(facts.originRoute)
  rows.text(facts.consumer)
  rows.text(facts.errorClass)
  rows.text(facts.message)
  rows.text(facts.stack)
  rows.text(facts.reason)
  rows.int4(facts.attempts)
  rows.timestamptz(facts.firstFailedAtMs)
  rows.timestamptz(facts.lastFailedAtMs)
  rows.text(facts.service)
  rows.text(facts.release)
  rows.text(facts.host)
  rows.text(facts.traceparent)
  rows.text(facts.wireId)
  rows.uuid(facts.replayId === undefined ? null : uuidBytes(facts.replayId))
  rows.int4(facts.hops)
  rows.textArray(read.readers)
  rows.textArray(read.failureHeaders)
  rows.sharedJsonb(read.confidence)
  rows.int4Array(letter.terms)
  if (letter.redacted.length === 0) rows.text(null)
  else rows.textArray(letter.redacted)
}
