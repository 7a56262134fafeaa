import type { Receipt } from '@redrive/worker'
import type { PoolClient } from 'pg'
import type { Store } from '../store/store.ts'
import { uuidBytes } from '../store/uuid.ts'
import { moveLetters } from './mark.ts'

/**
 * What consumers made of replayed letters. Evidence may come in any order and more than once, before or after the run has noted that it
 * sent; a receipt or a return also proves that a send arrived which was `uncertain`, or `not-sent` by the broker's mistaken word.
 */
export async function applyReceipts(client: PoolClient, receipts: readonly Receipt[]): Promise<void> {
  const known = receipts.filter(({ replayId }) => uuidBytes(replayId) !== null)
  await applyEvidence(client, {
    ids: known.map(({ replayId }) => replayId),
    outcomes: known.map(({ result }) => (result === 'failed' ? 'returned' : 'confirmed')),
    returned: known.map(() => null),
  })
}

/** Letters that died again: their captured successors carry the replay id. */
export async function applyReturns(
  client: PoolClient,
  letters: readonly { readonly letterId: string; readonly replayId: string }[],
): Promise<void> {
  const known = letters.filter(({ replayId }) => uuidBytes(replayId) !== null)
  await applyEvidence(client, {
    ids: known.map(({ replayId }) => replayId),
    outcomes: known.map(() => 'returned'),
    returned: known.map(({ letterId }) => letterId),
  })
}

/**
 * Sends without any evidence after the window: `presumed` handled where the send was acknowledged, `unknown` where even that is open.
 * Never touches a letter's state.
 */
export async function closeWindows(store: Store, windowSeconds: number): Promise<number> {
  const { rowCount } = await store.pool.query(
    `update attempt set outcome = case when state = 'sent' then 'presumed' else 'unknown' end::attempt_outcome, outcome_at = now()
     where outcome = 'pending' and state in ('sent', 'uncertain') and sent_at < now() - make_interval(secs => $1)
       and intended_at < now() - make_interval(secs => $1)`, // Follows from the line above, and there is an index for it.
    [windowSeconds],
  )
  return rowCount ?? 0
}

async function applyEvidence(
  client: PoolClient,
  evidence: {
    readonly ids: readonly string[]
    readonly outcomes: readonly ('confirmed' | 'returned')[]
    readonly returned: readonly (string | null)[]
  },
): Promise<void> {
  if (evidence.ids.length === 0) return
  const { rows } = await client.query<{ letter_id: string; run_id: string; was: string }>(
    `with evidence as (
       select id, max(outcome) as outcome, max(returned::text)::uuid as returned
       from unnest($1::uuid[], $2::text[], $3::uuid[]) as e(id, outcome, returned) group by id
     ), seen as (
       select a.id, a.state as was, e.outcome, e.returned from attempt a join evidence e on e.id = a.id order by a.id for update of a
     )
     update attempt a set
       outcome = case when a.outcome = 'returned' then a.outcome else seen.outcome::attempt_outcome end,
       outcome_at = coalesce(case when a.outcome in ('confirmed', 'returned') then a.outcome_at end, now()),
       returned_letter = coalesce(a.returned_letter, seen.returned),
       state = case when a.state in ('uncertain', 'not-sent') then 'sent' else a.state end
     from seen where a.id = seen.id
     returning a.letter_id, a.run_id, seen.was::text`,
    [evidence.ids, evidence.outcomes, evidence.returned],
  )
  for (const [was, from] of [
    ['uncertain', 'uncertain'],
    ['not-sent', 'open'],
  ] as const) {
    for (const [reference, moved] of Map.groupBy(
      rows.filter((row) => row.was === was),
      (row) => row.run_id,
    )) {
      await moveLetters(client, { ids: moved.map((row) => row.letter_id), from, to: 'replayed', reference })
    }
  }
}
