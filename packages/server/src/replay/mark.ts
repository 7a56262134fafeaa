import type { SendResult } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordTransfers } from '../ledger/index.ts'
import type { Store } from '../store/store.ts'
import { type Claimed, holdsLease, type Lease } from './claim.ts'

export interface Sent {
  readonly claimed: Pick<Claimed, 'attemptId'>
  readonly result: SendResult
}

/**
 * Writes down what became of the sends of a batch: `sent` letters are `replayed`, `not-sent` ones `open` again, the rest `uncertain`.
 * A receipt or a return that was quicker than the result is stronger than it: what somebody handled was sent.
 * Does nothing and says `false` when the run went to somebody else meanwhile: then these attempts are `uncertain` already.
 */
export function markResults(store: Store, lease: Lease, batch: readonly Sent[]): Promise<boolean> {
  return store.transaction(async (client) => {
    if (!(await holdsLease(client, lease))) return false
    const results = batch.map(({ result }) => result)
    const { rows } = await client.query<Moved>({
      // Without a name, so that it is planned for this many ids: a plan for any number joins them one by one. The states are compared
      // as text, which no index offers: there are few letters under way by the statistics, so that the planner would read all that
      // are by their state, and match each with each of the batch.
      text: `
        with marked as (
          update attempt a set
            state = case when a.outcome in ('confirmed', 'returned') then 'sent' else r.state::attempt_state end,
            outcome = case when a.outcome = 'pending' and r.state = 'not-sent' then 'none' else a.outcome end,
            why = r.why, sent_at = now(), sent_partition = r.partition, sent_position = r.position
          from (
            select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[]) as r(id, state, why, partition, position)
            order by id
          ) as r
          where a.id = r.id and a.state::text = 'intended'
          returning a.letter_id, a.state
        ), moved as (
          update letter l set revision = l.revision + 1, changed_at = now(),
            state = (case m.state when 'sent' then 'replayed' when 'not-sent' then 'open' else 'uncertain' end)::letter_state
          from marked m where l.id = m.letter_id and l.state::text = 'replaying'
          returning l.queue_id, l.state
        )
        select queue_id as "queueId", state as "to", count(*)::int as letters from moved group by 1, 2`,
      values: [
        batch.map(({ claimed }) => claimed.attemptId),
        results.map(({ kind }) => kind),
        results.map((result) => ('reason' in result ? storable(result.reason) : null)),
        results.map((result) => (result.kind === 'sent' ? (result.partition ?? null) : null)),
        results.map((result) => (result.kind === 'sent' ? (result.position?.toString() ?? null) : null)),
      ],
    })
    await book(client, rows, { from: 'replaying', reference: lease.runId })
    return true
  })
}

/** Moves letters between two states, in the books as well; those in another state stay. */
export async function moveLetters(
  client: PoolClient,
  move: {
    readonly ids: readonly string[]
    readonly from: 'open' | 'replaying' | 'uncertain'
    readonly to: 'replayed' | 'uncertain'
    readonly reference: string
  },
): Promise<void> {
  if (move.ids.length === 0) return
  const { rows } = await client.query<Moved>(
    `with chosen as (
       select id from letter where id = any($1::uuid[]) and state = $2 order by id for update
     ), moved as (
       update letter l set state = $3, revision = l.revision + 1, changed_at = now() from chosen where l.id = chosen.id returning l.queue_id, l.state
     )
     select queue_id as "queueId", state as "to", count(*)::int as letters from moved group by 1, 2`,
    [move.ids, move.from, move.to],
  )
  await book(client, rows, move)
}

interface Moved {
  readonly queueId: number
  readonly to: 'open' | 'replayed' | 'uncertain'
  readonly letters: number
}

function book(
  client: PoolClient,
  rows: readonly Moved[],
  { from, reference }: { readonly from: 'open' | 'replaying' | 'uncertain'; readonly reference: string },
): Promise<void> {
  return recordTransfers(
    client,
    rows.map(({ queueId, to, letters }) => ({ queueId, from, to, letters, what: 'replay', reference })),
  )
}

/** A broker's words may quote anything; the column takes no NUL. */
function storable(reason: string): string {
  return reason.slice(0, 500).toWellFormed().replaceAll('\0', '\ufffd')
}
