import type pg from 'pg'

/** Rows for one `COPY … FROM STDIN`. */
export interface CopyPart {
  readonly sql: string
  readonly bytes: Buffer
}

/**
 * Sends rows to one `COPY … FROM STDIN` after the other and ends when the server has them all; at the first that is refused the rest is not run.
 * One round trip: statements and rows are sent without waiting, for a server that refuses a statement drops the rows that follow.
 * A query object of our own: pg-copy-streams (7.0.0) ends the process when the server refuses a row while the socket still drains.
 * @see https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-COPY
 */
export function copyIn(client: pg.ClientBase, parts: readonly CopyPart[]): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query(new CopyIn(parts, { resolve, reject }))
  })
}

/** Small enough that neither side holds a message of megabytes. */
const sliceBytes = 64 * 1024
const copyData = 0x64
const copyDone = Buffer.from('c\0\0\0\x04', 'latin1')

/** Called by pg's client as answers of the server come in. */
class CopyIn implements pg.Submittable {
  /** Where pg leaves its time-out. */
  callback: () => void = () => undefined
  readonly #parts: readonly CopyPart[]
  readonly #done: { readonly resolve: () => void; readonly reject: (error: Error) => void }

  constructor(
    parts: readonly CopyPart[],
    done: { readonly resolve: () => void; readonly reject: (error: Error) => void },
  ) {
    this.#parts = parts
    this.#done = done
  }

  submit(connection: pg.Connection): void {
    const { stream } = connection
    stream.cork()
    connection.query(this.#parts.map(({ sql }) => sql).join('; '))
    for (const { bytes } of this.#parts) {
      for (let at = 0; at < bytes.length; at += sliceBytes) {
        const slice = bytes.subarray(at, at + sliceBytes)
        const head = Buffer.allocUnsafe(5)
        head[0] = copyData
        head.writeInt32BE(slice.length + 4, 1)
        stream.write(head)
        stream.write(slice)
      }
      stream.write(copyDone)
    }
    stream.uncork()
  }

  /** The rows are on their way. */
  handleCopyInResponse(): void {}

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.callback()
    this.#done.resolve()
  }

  handleError(error: Error): void {
    this.callback()
    this.#done.reject(error)
  }
}
