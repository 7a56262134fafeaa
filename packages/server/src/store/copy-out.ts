import type pg from 'pg'

/**
 * Runs one `copy (…) to stdout (format binary)` and gives its rows as they came: the driver makes text of every other result, which
 * costs a body twice its bytes. The statement takes no parameters, so nothing that is not ours may stand in it.
 * @see https://www.postgresql.org/docs/18/sql-copy.html#SQL-COPY-FILE-FORMATS-BINARY
 */
export function copyOut(client: pg.ClientBase, sql: string): Promise<readonly RowFields[]> {
  return new Promise((resolve, reject) => {
    client.query(new CopyOut(sql, { resolve, reject }))
  })
}

/** The fields of a row, read in the order of its columns; the type of each is known to who asks. */
export class RowFields {
  readonly #bytes: Buffer
  #at: number

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.#at = at
  }

  bytes(): Buffer | null {
    const length = this.#length()
    return length < 0 ? null : this.#bytes.subarray(this.#at, (this.#at += length))
  }

  text(): string | null {
    const length = this.#length()
    return length < 0 ? null : this.#bytes.toString('utf8', this.#at, (this.#at += length))
  }

  uuid(): string {
    const hex = this.#bytes.toString('hex', this.#at + 4, this.#at + 20)
    this.#at += 20
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  }

  int4(): number | null {
    if (this.#length() < 0) return null
    return this.#bytes.readInt32BE((this.#at += 4) - 4)
  }

  int8(): bigint | null {
    if (this.#length() < 0) return null
    return this.#bytes.readBigInt64BE((this.#at += 8) - 8)
  }

  /** One dimension, no nulls. */
  texts(): readonly string[] {
    const array = this.bytes()
    // dimensions, flags, type, then length and lower bound of the only dimension
    if (array === null || array.readInt32BE(0) === 0) return []
    const values: string[] = []
    for (let at = 20; at < array.length; ) {
      const end = at + 4 + array.readInt32BE(at)
      values.push(array.toString('utf8', at + 4, end))
      at = end
    }
    return values
  }

  #length(): number {
    return this.#bytes.readInt32BE((this.#at += 4) - 4)
  }
}

const headerBytes = 19
const blockBytes = 256 * 1_024
const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1')

/** Called by pg's client as answers of the server come in. */
class CopyOut implements pg.Submittable {
  /** Where pg leaves its time-out. */
  callback: () => void = () => undefined
  readonly #sql: string
  readonly #done: { readonly resolve: (rows: readonly RowFields[]) => void; readonly reject: (error: Error) => void }
  readonly #rows: RowFields[] = []
  #block = Buffer.alloc(0)
  #used = 0

  constructor(
    sql: string,
    done: { readonly resolve: (rows: readonly RowFields[]) => void; readonly reject: (error: Error) => void },
  ) {
    this.#sql = sql
    this.#done = done
  }

  submit(connection: pg.Connection): void {
    connection.query(this.#sql)
  }

  /** One row, of which the first has the header before it. pg uses the memory again, so it is copied. */
  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    const bytes = this.#copied(chunk)
    const at = bytes.subarray(0, signature.length).equals(signature) ? headerBytes : 0
    if (bytes.length >= at + 2 && bytes.readInt16BE(at) >= 0) this.#rows.push(new RowFields(bytes, at + 2))
  }

  /** Many rows in one piece of memory: an allocation for each takes longer than its copy. */
  #copied(chunk: Buffer): Buffer {
    if (this.#used + chunk.length > this.#block.length) {
      this.#block = Buffer.allocUnsafeSlow(Math.max(blockBytes, chunk.length))
      this.#used = 0
    }
    const at = this.#used
    this.#used += chunk.copy(this.#block, at)
    return this.#block.subarray(at, this.#used)
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.callback()
    this.#done.resolve(this.#rows)
  }

  handleError(error: Error): void {
    this.callback()
    this.#done.reject(error)
  }
}
