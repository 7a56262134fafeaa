import type pg from 'pg'
import { ByteWriter } from './byte-writer.ts'
import { type CopyPart, copyIn } from './copy-in.ts'

/**
 * Rows in the form of PostgreSQL's binary COPY, written by hand into one buffer that is used again: no driver's encoding, no text.
 * Fields are written in the order of the columns; a value that its column cannot hold is written as null, so that a hostile letter
 * cannot fail a batch. Text loses NUL and broken surrogates (U+FFFD), which PostgreSQL cannot store; bytea keeps everything.
 * @see https://www.postgresql.org/docs/18/sql-copy.html#SQL-COPY-FILE-FORMATS-BINARY
 */
export class CopyRows {
  readonly writer: ByteWriter = new ByteWriter()
  #rows = 0

  constructor() {
    this.reset()
  }

  get rows(): number {
    return this.#rows
  }

  reset(): void {
    this.#rows = 0
    this.writer.reset()
    this.writer.raw(signature)
  }

  /** Takes back the rows written since `mark`. */
  rollback(mark: { readonly rows: number; readonly length: number }): void {
    this.#rows = mark.rows
    this.writer.truncate(mark.length)
  }

  mark(): { readonly rows: number; readonly length: number } {
    return { rows: this.#rows, length: this.writer.length }
  }

  row(columns: number): void {
    this.#rows++
    this.writer.int16(columns)
  }

  null(): void {
    this.writer.int32(-1)
  }

  bytes(value: Uint8Array | null | undefined): void {
    if (value === null || value === undefined) return this.null()
    this.writer.int32(value.length)
    this.writer.raw(value)
  }

  /** 16 bytes. */
  uuid(value: Uint8Array | null | undefined): void {
    this.bytes(value?.length === 16 ? value : null)
  }

  int4(value: number | null | undefined): void {
    if (value === null || value === undefined || (value | 0) !== value) return this.null()
    this.writer.int32(4)
    this.writer.int32(value)
  }

  int8(value: bigint | number | null | undefined): void {
    if (value === null || value === undefined) return this.null()
    if (typeof value === 'bigint' ? BigInt.asIntN(64, value) !== value : !Number.isSafeInteger(value))
      return this.null()
    this.writer.int32(8)
    this.writer.int64(value)
  }

  /** Also for enums, whose binary form is their label. */
  text(value: string | null | undefined): void {
    if (value === null || value === undefined) return this.null()
    const at = this.writer.length
    this.writer.int32(0)
    this.writer.patchInt32(at, this.writer.utf8(storableText(value)))
  }

  /** Epoch milliseconds between the years 1970 and 9999. */
  timestamptz(ms: number | null | undefined): void {
    if (ms === null || ms === undefined || !(ms >= 0 && ms < maxTimestampMs)) return this.null()
    this.writer.int32(8)
    const micros = (Math.round(ms) - postgresEpochMs) * 1000
    // A double counts microseconds exactly to the year 2285.
    this.writer.int64(Number.isSafeInteger(micros) ? micros : BigInt(Math.round(ms) - postgresEpochMs) * 1000n)
  }

  jsonb(value: unknown): void {
    if (value === null || value === undefined) return this.null()
    const at = this.writer.length
    this.writer.int32(0)
    this.writer.byte(1)
    this.writer.patchInt32(at, 1 + this.writer.utf8(storableJson(value)))
  }

  /** As `jsonb`, for objects that many rows share and nobody changes: encoded once each. */
  sharedJsonb(value: object): void {
    let encoded = sharedJson.get(value)
    if (encoded === undefined) {
      encoded = Buffer.from(`\x01${storableJson(value)}`, 'utf8')
      sharedJson.set(value, encoded)
    }
    this.bytes(encoded)
  }

  textArray(values: readonly string[]): void {
    const at = this.#openArray(values.length, textOid)
    for (const value of values) this.text(value)
    this.#closeField(at)
  }

  int4Array(values: readonly number[]): void {
    const at = this.#openArray(values.length, int4Oid)
    for (const value of values) this.int4(value)
    this.#closeField(at)
  }

  /** Sends the rows; ends once the server has them all. The buffer may be used again then. */
  async send(client: pg.PoolClient, table: string, columns: readonly string[]): Promise<void> {
    await sendRows(client, [{ rows: this, table, columns }])
  }

  #openArray(length: number, elementOid: number): number {
    const at = this.writer.length
    this.writer.int32(0)
    this.writer.int32(length === 0 ? 0 : 1)
    this.writer.int32(0)
    this.writer.int32(elementOid)
    if (length === 0) return at
    this.writer.int32(length)
    this.writer.int32(1)
    return at
  }

  #closeField(at: number): void {
    this.writer.patchInt32(at, this.writer.length - at - 4)
  }
}

/** Sends the rows of several tables in their order, in one round trip. */
export async function sendRows(
  client: pg.PoolClient,
  tables: readonly { readonly rows: CopyRows; readonly table: string; readonly columns: readonly string[] }[],
): Promise<void> {
  const marks = tables.map(({ rows }) => rows.writer.length)
  for (const { rows } of tables) rows.writer.int16(-1)
  try {
    await copyIn(
      client,
      tables.map(
        ({ rows, table, columns }): CopyPart => ({
          sql: `copy ${table} (${columns.join(', ')}) from stdin (format binary)`,
          bytes: rows.writer.bytes,
        }),
      ),
    )
  } finally {
    tables.forEach(({ rows }, at) => {
      rows.writer.truncate(marks[at] ?? 0)
    })
  }
}

/** What PostgreSQL's text can hold of a string. */
export function storableText(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text
}

/** JSON that jsonb accepts: neither `\u0000` nor lone surrogates. */
export function storableJson(value: unknown): string {
  const json = JSON.stringify(value) ?? 'null'
  if (!json.includes('\\u')) return json
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'string') return storableText(part.toWellFormed())
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).map(([name, inner]) => [storableText(name.toWellFormed()), inner]))
  })
}

const sharedJson = new WeakMap<object, Buffer>()
const signature = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
const postgresEpochMs = Date.UTC(2000, 0, 1)
const maxTimestampMs = Date.UTC(9999, 0, 1)
const textOid = 25
const int4Oid = 23
