import type pg from 'pg'

/**
 * Sends bytes to a `COPY … FROM STDIN` and ends when the server has them. A query object of our own: pg-copy-streams (7.0.0) ends the process when the
 * server refuses a row while the socket still drains.
 */
export function copyIn(client: pg.ClientBase, sql: string, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query(new CopyIn(sql, bytes, { resolve, reject }))
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
  readonly #sql: string
  readonly #bytes: Buffer
  readonly #done: { readonly resolve: () => void; readonly reject: (error: Error) => void }

  constructor(
    sql: string,
    bytes: Buffer,
    done: { readonly resolve: () => void; readonly reject: (error: Error) => void },
  ) {
    this.#sql = sql
    this.#bytes = bytes
    this.#done = done
  }

  submit(connection: pg.Connection): void {
    connection.query(this.#sql)
  }

  /** What the server no longer wants after an error it drops, so everything can be handed to the socket at once. */
  handleCopyInResponse({ stream }: pg.Connection): void {
    stream.cork()
    for (let at = 0; at < this.#bytes.length; at += sliceBytes) {
      const slice = this.#bytes.subarray(at, at + sliceBytes)
      const head = Buffer.allocUnsafe(5)
      head[0] = copyData
      head.writeInt32BE(slice.length + 4, 1)
      stream.write(head)
      stream.write(slice)
    }
    stream.write(copyDone)
    stream.uncork()
  }

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
