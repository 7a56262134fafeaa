import type { Pool, PoolClient } from 'pg'
import type { Store } from '../store/store.ts'
import { type ClaimedLetter, contentOf } from './content.ts'
import { replayIdOf } from './replay-id.ts'

/** A run in the hands of this process; the token fences every write of it. */
export interface Lease {
  readonly runId: string
  readonly planId: string
  readonly token: string
  /** Letters a second. */
  readonly pace: number
}

/** A letter whose intent is durable and that may now be sent. */
export interface Claimed {
  readonly attemptId: string
  readonly letterId: string
  readonly broker: string
  readonly place: string
  /** Of the body that was agreed to. */
  readonly bodySha256: Buffer
  /** `null`: its bytes cannot be read any more. */
  readonly letter: ClaimedLetter | null
}

/** Letters of one intent, in the order of their ordinals. */
export interface Batch {
  readonly fromOrdinal: number
  readonly letters: readonly Claimed[]
}

export const leaseSeconds = 20

export type Claim = ({ readonly kind: 'claimed' } & Batch) | { readonly kind: 'end' } | { readonly kind: 'lost' }

/** Most bytes of one batch, unless a single letter has more. */
const maxBatchBytes = 8 * 1_024 * 1_024

/**
 * Writes the intent of the next letters of a run, in one transaction with the run's progress. The letters are `replaying` since its start,
 * so they are as they were agreed to. `lost`: another process holds the run by now.
 */
export function claimNext(store: Store, lease: Lease, limit: number): Promise<Claim> {
  return store.transaction(async (client) => {
    const range = await advance(client, lease, limit)
    if (range === null) return { kind: 'lost' }
    if (range.from >= range.to) return { kind: 'end' }
    const contents = await contentOf(client, { planId: lease.planId, ...range })
    const letters = contents.map(
      ({ ordinal, ...rest }): Claimed => ({ attemptId: replayIdOf(lease.runId, ordinal), ...rest }),
    )
    return { kind: 'claimed', fromOrdinal: range.from, letters }
  })
}

/** Whether the run is still ours; if so it stays ours for another while. */
export async function renewLease(client: Pool | PoolClient, lease: Lease): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'renew-lease',
    text: `update run set lease_until = now() + make_interval(secs => $3) where id = $1 and lease_token = $2 and state = 'running'`,
    values: [lease.runId, lease.token, leaseSeconds],
  })
  return rowCount === 1
}

/**
 * Whether the run is still ours. Takes no lock, so that results are noted while the next intents are written; whoever takes the run over
 * settles each intent without results, and results change none that is settled.
 */
export async function holdsLease(client: Pool | PoolClient, lease: Lease): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'holds-lease',
    text: `select from run where id = $1 and lease_token = $2 and state = 'running'`,
    values: [lease.runId, lease.token],
  })
  return rowCount === 1
}

/** As many letters as `limit` and the bytes of a batch allow, at least one. */
async function advance(client: PoolClient, lease: Lease, limit: number): Promise<{ from: number; to: number } | null> {
  const { rows } = await client.query<{ from: number; to: number }>({
    name: 'advance-run',
    text: `
      with held as (
        select id, next_ordinal from run where id = $1 and lease_token = $2 and state = 'running' for update
      ), next as (
        select coalesce(max(ordinal) + 1, (select next_ordinal from held)) as upto
        from (
          select ordinal, sum(bytes) over (order by ordinal) - bytes as before
          from plan_letter where plan_id = $3 and ordinal >= (select next_ordinal from held) and ordinal < (select next_ordinal from held) + $4
        ) as letter where before < $5
      ), intended as (
        insert into intent (run_id, from_ordinal, to_ordinal) select id, next_ordinal, upto from held, next where upto > next_ordinal
      )
      update run set lease_until = now() + make_interval(secs => $6), next_ordinal = upto from held, next where run.id = held.id
      returning old.next_ordinal as "from", new.next_ordinal as "to"`,
    values: [lease.runId, lease.token, lease.planId, limit, maxBatchBytes, leaseSeconds],
  })
  return rows[0] ?? null
}
