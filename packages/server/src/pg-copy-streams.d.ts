declare module 'pg-copy-streams' {
  import type { Writable } from 'node:stream'
  import type { Submittable } from 'pg'

  /** A `COPY … FROM STDIN` to pass to `client.query`; resolves by `finish` once the server has all of it. */
  export function from(sql: string): Writable & Submittable & { readonly rowCount: number }
}
