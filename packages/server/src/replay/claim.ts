import { randomUUID } from 'node:crypto'
import type { Header } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordTransfer } from '../ledger/index.ts'
import { decodeHeaders } from '../store/header-list.ts'
import type { Store } from '../store/store.ts'

/** A run in the hands of this process; the token fences every write of it. */
export interface Lease {
  readonly runId: string
  readonly planId: string
  readonly token: string
  readonly pace: number
}

/** A letter whose intent is durable and that may now be sent. */
export interface Claimed {
  readonly attemptId: string
  readonly letterId: string
  readonly queueId: number
  readonly broker: string
  readonly place: string
  readonly letter: ClaimedLetter
}

export interface ClaimedLetter {
  readonly key: Buffer | null
  readonly body: Buffer | null
  readonly headers: readonly Header[]
  readonly properties: Buffer | null
  readonly failureHeaders: readonly string[]
  readonly wireId: string | null
  readonly hops: number
  readonly originSystem: string | null
  readonly originPlace: string | null
  readonly originPartition: string | null
  readonly originPosition: string | null
  readonly consumer: string | null
  readonly traceparent: string | null
  readonly timestampMs: number | null
}

export const leaseSeconds = 20

export type Claim = { readonly kind: 'claimed'; readonly letters: readonly Claimed[] } | { readonly kind: 'end' } | { readonly kind: 'lost' }

/**
 * Writes the intents of the next letters of a run and takes the letters out of `open`, in one transaction. Letters that changed since
 * the plan was made are left alone. `lost`: another process holds the run by now.
 */
export function claimNext(store: Store, lease: Lease, limit: number): Promise<Claim> {
  return store.transaction(async (client) => {
    const from = await renewLease(client, lease)
    if (from === null) return { kind: 'lost' }
    const planned = await client.query<{ ordinal: number }>(
      'select ordinal from plan_letter where plan_id = $1 and ordinal >= $2 order by ordinal limit $3',
      [lease.planId, from, limit],
    )
    const last = planned.rows.at(-1)
    if (last === undefined) return { kind: 'end' }
    const claimed = await intend(client, lease, { from, to: last.ordinal })
    await client.query('update run set next_ordinal = $2 where id = $1', [lease.runId, last.ordinal + 1])
    for (const [queueId, letters] of countBy(claimed)) {
      await recordTransfer(client, { queueId, from: 'open', to: 'replaying', letters, what: 'replay', reference: lease.runId })
    }
    return { kind: 'claimed', letters: await withContent(client, claimed) }
  })
}

/** The next ordinal of the run, or `null` when the lease went to somebody else or the run ended. */
export async function renewLease(client: PoolClient, lease: Lease): Promise<number | null> {
  const { rows } = await client.query<{ next_ordinal: number }>(
    `update run set lease_until = now() + make_interval(secs => $3)
     where id = $1 and lease_token = $2 and state = 'running' returning next_ordinal`,
    [lease.runId, lease.token, leaseSeconds],
  )
  return rows[0]?.next_ordinal ?? null
}

export function countBy(rows: readonly { readonly queueId: number }[]): Map<number, number> {
  const counts = new Map<number, number>()
  for (const { queueId } of rows) counts.set(queueId, (counts.get(queueId) ?? 0) + 1)
  return counts
}

type Intent = Omit<Claimed, 'letter'>

async function intend(client: PoolClient, lease: Lease, range: { from: number; to: number }): Promise<readonly Intent[]> {
  const taken = await client.query<Omit<Intent, 'attemptId'> & { ordinal: number; bodySha256: Buffer }>(
    `update letter l set state = 'replaying', revision = l.revision + 1, changed_at = now()
     from plan_letter pl
     where pl.plan_id = $1 and pl.ordinal between $2 and $3
       and l.id = pl.letter_id and l.state = 'open' and l.revision = pl.revision
     returning l.id as "letterId", l.queue_id as "queueId", pl.ordinal, pl.broker, pl.place, pl.body_sha256 as "bodySha256"`,
    [lease.planId, range.from, range.to],
  )
  const rows = taken.rows.toSorted((a, b) => a.ordinal - b.ordinal).map((row) => ({ ...row, attemptId: randomUUID() as string }))
  await client.query(
    `insert into attempt (id, run_id, letter_id, ordinal, broker, place, body_sha256)
     select id, $1, letter_id, ordinal, broker, place, body_sha256
     from unnest($2::uuid[], $3::uuid[], $4::int[], $5::text[], $6::text[], $7::bytea[])
       as row(id, letter_id, ordinal, broker, place, body_sha256)`,
    [
      lease.runId,
      rows.map(({ attemptId }) => attemptId),
      rows.map(({ letterId }) => letterId),
      rows.map(({ ordinal }) => ordinal),
      rows.map(({ broker }) => broker),
      rows.map(({ place }) => place),
      rows.map(({ bodySha256 }) => bodySha256),
    ],
  )
  return rows
}

async function withContent(client: PoolClient, intents: readonly Intent[]): Promise<readonly Claimed[]> {
  const { rows } = await client.query<Omit<ClaimedLetter, 'headers'> & { id: string; headers: Buffer }>(
    `select id, key, body, headers, properties, failure_headers as "failureHeaders", wire_id as "wireId", coalesce(hops, 0) as hops,
       origin_system as "originSystem", origin_place as "originPlace", origin_partition as "originPartition",
       origin_position as "originPosition", consumer, traceparent, timestamp_ms::float8 as "timestampMs"
     from letter_content where id = any($1::uuid[])`,
    [intents.map(({ letterId }) => letterId)],
  )
  const byId = new Map(rows.map((row) => [row.id, row]))
  return intents.map((intent) => {
    const row = byId.get(intent.letterId)
    if (row === undefined) throw new Error(`letter ${intent.letterId} has no content`)
    return { ...intent, letter: { ...row, headers: decodeHeaders(row.headers) } }
  })
}
