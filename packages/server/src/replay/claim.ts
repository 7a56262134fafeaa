import type { Pool, PoolClient } from 'pg'
import { recordTransfers } from '../ledger/index.ts'
import type { Store } from '../store/store.ts'
import { type ClaimedLetter, contentOf } from './content.ts'

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
  readonly queueId: number
  readonly broker: string
  readonly place: string
  /** Of the body that was agreed to. */
  readonly bodySha256: Buffer
  /** `null`: its bytes cannot be read any more. */
  readonly letter: ClaimedLetter | null
}

export const leaseSeconds = 20

export type Claim =
  | { readonly kind: 'claimed'; readonly letters: readonly Claimed[] }
  | { readonly kind: 'end' }
  | { readonly kind: 'lost' }

/**
 * Writes the intents of the next letters of a run and takes the letters out of `open`, in one transaction. Letters that changed since
 * the plan was made are left alone. `lost`: another process holds the run by now.
 */
export function claimNext(store: Store, lease: Lease, limit: number): Promise<Claim> {
  return store.transaction(async (client) => {
    const range = await advance(client, lease, limit)
    if (range === null) return { kind: 'lost' }
    if (range.from >= range.to) return { kind: 'end' }
    const intents = await intend(client, lease, range)
    await recordTransfers(
      client,
      [...countBy(intents)].map(([queueId, letters]) => ({
        queueId,
        from: 'open',
        to: 'replaying',
        letters,
        what: 'replay',
        reference: lease.runId,
      })),
    )
    const contents = await contentOf(
      client,
      intents.map(({ letterId }) => letterId),
    )
    const letters = intents.map((intent) => ({ ...intent, letter: contents.get(intent.letterId) ?? null }))
    return { kind: 'claimed', letters }
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
 * settles each intent without a result, and a result changes none that is settled.
 */
export async function holdsLease(client: Pool | PoolClient, lease: Lease): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'holds-lease',
    text: `select from run where id = $1 and lease_token = $2 and state = 'running'`,
    values: [lease.runId, lease.token],
  })
  return rowCount === 1
}

function countBy(rows: readonly { readonly queueId: number }[]): Map<number, number> {
  const counts = new Map<number, number>()
  for (const { queueId } of rows) counts.set(queueId, (counts.get(queueId) ?? 0) + 1)
  return counts
}

/** Ordinals of a plan are 0, 1, 2 … without gaps. */
async function advance(client: PoolClient, lease: Lease, limit: number): Promise<{ from: number; to: number } | null> {
  const { rows } = await client.query<{ from: number; to: number }>({
    name: 'advance-run',
    text: `
      update run set lease_until = now() + make_interval(secs => $3), next_ordinal = least(next_ordinal + $4, plan.letters)
      from plan where run.id = $1 and plan.id = run.plan_id and lease_token = $2 and state = 'running'
      returning old.next_ordinal as "from", new.next_ordinal as "to"`,
    values: [lease.runId, lease.token, leaseSeconds, limit],
  })
  return rows[0] ?? null
}

type Intent = Omit<Claimed, 'letter'>

/** Letters are locked in the order of their ids, as everywhere, so that runs with common letters wait for each other without a deadlock. */
async function intend(
  client: PoolClient,
  lease: Lease,
  range: { from: number; to: number },
): Promise<readonly Intent[]> {
  const { rows } = await client.query<Intent>({
    // Without a name, for the reason `markResults` gives.
    text: `
      with taken as (
        select pl.letter_id, pl.ordinal, pl.broker, pl.place, pl.body_sha256
        from plan_letter pl join letter l on l.id = pl.letter_id
        where pl.plan_id = $2 and pl.ordinal >= $3 and pl.ordinal < $4 and l.state::text = 'open' and l.revision = pl.revision
        order by l.id for update of l
      ), intended as (
        insert into attempt (id, run_id, letter_id, ordinal, broker, place, body_sha256)
        select uuidv7(), $1, letter_id, ordinal, broker, place, body_sha256 from taken
        on conflict do nothing returning id, letter_id, ordinal, broker, place, body_sha256
      ), moved as (
        update letter l set state = 'replaying', revision = l.revision + 1, changed_at = now()
        from intended i where l.id = i.letter_id
        returning i.ordinal, i.id, i.letter_id, l.queue_id, i.broker, i.place, i.body_sha256
      )
      select id as "attemptId", letter_id as "letterId", queue_id as "queueId", broker, place, body_sha256 as "bodySha256"
      from moved order by ordinal`,
    values: [lease.runId, lease.planId, range.from, range.to],
  })
  return rows
}
