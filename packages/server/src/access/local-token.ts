import { createHash, randomBytes } from 'node:crypto'
import type { Store } from '../store/store.ts'

/** The token a running office leaves for its own machine's command line; a new one at each start takes the old one's place. */
export async function renewLocalToken(store: Store, name: string): Promise<string> {
  const token = `rd_${randomBytes(32).toString('base64url')}`
  await store.pool.query(
    `insert into token (name, sha256) values ($1, $2)
     on conflict (name) do update set sha256 = excluded.sha256, role = 'operator', created_at = now(), revoked_at = null`,
    [name, createHash('sha256').update(token).digest()],
  )
  return token
}
