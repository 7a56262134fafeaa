import type { SendResult } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordTransfer } from '../ledger/index.ts'
import type { Store } from '../store/store.ts'
import { type Claimed, type Lease, renewLease } from './claim.ts'

/**
 * Writes down what became of the sends of a batch: `sent` letters are `replayed`, `not-sent` ones `open` again, the rest `uncertain`.
 * Does nothing and says `false` when the run went to somebody else meanwhile: then these attempts are `uncertain` already.
 */
export function markResults(
  store: Store,
  lease: Lease,
  batch: readonly { readonly claimed: Claimed; readonly result: SendResult }[],
): Promise<boolean> {
  return store.transaction(async (client) => {
    if ((await renewLease(client, lease)) === null) return false
    const results = batch.map(({ result }) => result)
    await client.query(
      `update attempt a set state = r.state::attempt_state, why = r.why, sent_at = now(), sent_partition = r.partition, sent_position = r.position,
         outcome = case when r.state = 'not-sent' then 'none' else a.outcome end
       from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[]) as r(id, state, why, partition, position)
       where a.id = r.id and a.state = 'intended'`,
      [
        batch.map(({ claimed }) => claimed.attemptId),
        results.map(({ kind }) => kind),
        results.map((result) => ('reason' in result ? result.reason.slice(0, 500) : null)),
        results.map((result) => (result.kind === 'sent' ? (result.partition ?? null) : null)),
        results.map((result) => (result.kind === 'sent' ? (result.position?.toString() ?? null) : null)),
      ],
    )
    for (const [kind, to] of [['sent', 'replayed'], ['not-sent', 'open'], ['uncertain', 'uncertain']] as const) {
      const ids = batch.filter(({ result }) => result.kind === kind).map(({ claimed }) => claimed.letterId)
      await moveLetters(client, { ids, from: 'replaying', to, reference: lease.runId })
    }
    return true
  })
}

/** Moves letters between two states, in the books as well. @returns how many were in `from` */
export async function moveLetters(
  client: PoolClient,
  move: {
    readonly ids: readonly string[]
    readonly from: 'replaying' | 'uncertain'
    readonly to: 'open' | 'replayed' | 'uncertain'
    readonly reference: string
  },
): Promise<number> {
  if (move.ids.length === 0) return 0
  const { rows } = await client.query<{ queue_id: number; letters: number }>(
    `with moved as (
       update letter set state = $3, revision = revision + 1, changed_at = now()
       where id = any($1::uuid[]) and state = $2 returning queue_id
     )
     select queue_id, count(*)::int as letters from moved group by queue_id`,
    [move.ids, move.from, move.to],
  )
  let moved = 0
  for (const { queue_id: queueId, letters } of rows) {
    moved += letters
    await recordTransfer(client, { queueId, from: move.from, to: move.to, letters, what: 'replay', reference: move.reference })
  }
  return moved
}
