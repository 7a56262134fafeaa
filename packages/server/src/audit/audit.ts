import type { PoolClient } from 'pg'
import type { Store } from '../store/store.ts'

export interface AuditEntry {
  readonly actor: string
  /** What was done, as `noun.verb`: `letters.discard`, `plan.create`, `run.start`. */
  readonly action: string
  /** The id it was done to. */
  readonly target: string
  readonly reason: string | null
  readonly details?: Readonly<Record<string, unknown>>
}

/** Written in the transaction of what it tells, or it does not count. */
export async function recordAudit(client: PoolClient, entry: AuditEntry): Promise<void> {
  await client.query('insert into audit (actor, action, target, reason, details) values ($1, $2, $3, $4, $5)', [
    entry.actor,
    entry.action,
    entry.target,
    entry.reason,
    JSON.stringify(entry.details ?? {}),
  ])
}

/** Newest first. */
export async function listAudit(
  store: Store,
  options: { readonly limit: number; readonly before?: string },
): Promise<readonly (AuditEntry & { readonly id: string; readonly at: Date })[]> {
  const { rows } = await store.pool.query<AuditEntry & { id: string; at: Date }>(
    `select id, at, actor, action, target, reason, details from audit
     where $1::bigint is null or id < $1 order by id desc limit $2`,
    [options.before ?? null, options.limit],
  )
  return rows
}
