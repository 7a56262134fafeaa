import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { RedriveError } from '@redrive/worker'
import { recordAudit } from '../audit/index.ts'
import type { Store } from '../store/store.ts'
import type { Holder, Role } from './roles.ts'

export interface TokenRow {
  readonly name: string
  readonly role: Role
  readonly createdAt: Date
  readonly revokedAt: Date | null
}

/**
 * Makes a token. Its text is shown this once; only a SHA-256 of its 256 random bits is kept.
 * @param made.by who makes it, for the audit trail
 * @param made.role @default 'operator'
 * @throws STATE_CONFLICT when the name is taken, REQUEST_INVALID for a bad name
 */
export async function createToken(
  store: Store,
  name: string,
  { by, role = 'operator' }: { readonly by: string; readonly role?: Role },
): Promise<string> {
  if (!/^[\w.@-]{1,64}$/.test(name)) {
    throw new RedriveError('REQUEST_INVALID', 'A token name has 1 to 64 letters, digits or _ . @ - characters.')
  }
  const token = `rd_${randomBytes(32).toString('base64url')}`
  await store.transaction(async (client) => {
    const { rowCount } = await client.query(
      'insert into token (name, sha256, role) values ($1, $2, $3) on conflict (name) do nothing',
      [name, digestOf(token), role],
    )
    if (rowCount === 0) {
      throw new RedriveError('STATE_CONFLICT', `There is a token named ${name} already.`, {
        hint: 'Choose another name.',
      })
    }
    await recordAudit(client, { actor: by, action: 'token.create', target: name, reason: null, details: { role } })
  })
  return token
}

export async function listTokens(store: Store): Promise<readonly TokenRow[]> {
  const { rows } = await store.pool.query<TokenRow>(
    'select name, role, created_at as "createdAt", revoked_at as "revokedAt" from token order by id',
  )
  return rows
}

/** @throws NOT_FOUND */
export async function revokeToken(store: Store, name: string, by: string): Promise<void> {
  await store.transaction(async (client) => {
    const { rowCount } = await client.query(
      'update token set revoked_at = now() where name = $1 and revoked_at is null',
      [name],
    )
    if (rowCount === 0) throw new RedriveError('NOT_FOUND', `There is no live token named ${name}.`)
    await recordAudit(client, { actor: by, action: 'token.revoke', target: name, reason: null })
  })
}

/** Whoever holds the token, or `null`. */
export async function tokenHolder(store: Store, token: string): Promise<Holder | null> {
  const digest = digestOf(token)
  const { rows } = await store.pool.query<Holder & { readonly sha256: Buffer }>(
    'select name, role, sha256 from token where sha256 = $1 and revoked_at is null',
    [digest],
  )
  const row = rows[0]
  return row !== undefined && timingSafeEqual(row.sha256, digest) ? { name: row.name, role: row.role } : null
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
