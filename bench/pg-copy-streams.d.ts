declare module 'pg-copy-streams' {
  import type { Readable, Writable } from 'node:stream'
  import type { Submittable } from 'pg'

  /** A `COPY … FROM STDIN` to pass to `client.query`; finishes once the server has all of it. */
  export function from(sql: string): Writable & Submittable & { readonly rowCount: number }
  /** A `COPY … TO STDOUT` to pass to `client.query`. */
  export function to(sql: string): Readable & Submittable
}
