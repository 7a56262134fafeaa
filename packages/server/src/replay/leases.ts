import type { PoolClient } from 'pg'
import { recordAudit } from '../audit/index.ts'
import { showRunId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { type Lease, leaseSeconds } from './claim.ts'
import { moveLetters } from './mark.ts'

/**
 * Takes the oldest run nobody holds and settles what its last holder left behind: whether an intent without a result was sent nobody
 * knows, so its letter becomes `uncertain`, and nothing is sent twice on a guess.
 */
export async function takeRun(store: Store): Promise<Lease | null> {
  return store.transaction(async (client) => {
    const { rows } = await client.query<{ id: string; plan_id: string; lease_token: string; pace: number }>(
      `update run set lease_token = lease_token + 1, lease_until = now() + make_interval(secs => $1)
       from plan
       where plan.id = run.plan_id and run.id = (
         select id from run where state = 'running' and lease_until <= now() order by started_at limit 1 for update skip locked
       )
       returning run.id, run.plan_id, run.lease_token, plan.pace`,
      [leaseSeconds],
    )
    const row = rows[0]
    if (row === undefined) return null
    await settleLeftBehind(client, row.id)
    return { runId: row.id, planId: row.plan_id, token: row.lease_token, pace: row.pace }
  })
}

/** @returns false when the run is not ours any more */
export async function finishRun(store: Store, lease: Lease): Promise<boolean> {
  return store.transaction(async (client) => {
    const { rowCount } = await client.query(
      `update run set state = 'done', finished_at = now() where id = $1 and lease_token = $2 and state = 'running'`,
      [lease.runId, lease.token],
    )
    if (rowCount === 0) return false
    await settleLeftBehind(client, lease.runId)
    await recordAudit(client, { actor: 'redrive', action: 'run.done', target: showRunId(lease.runId), reason: null })
    return true
  })
}

/** Lets the next look for runs take it, without waiting for the lease to end. */
export async function giveBack(store: Store, lease: Lease): Promise<void> {
  await store.pool.query('update run set lease_until = now() where id = $1 and lease_token = $2', [
    lease.runId,
    lease.token,
  ])
}

/** A receipt or a return that came before the result could be noted proves that the letter was sent. */
async function settleLeftBehind(client: PoolClient, runId: string): Promise<void> {
  const { rows } = await client.query<{ letter_id: string; proven: boolean }>(
    // In the order in which results are noted, which may still be under way.
    `with left_behind as (
       select id from attempt where run_id = $1 and state = 'intended' order by id for update
     )
     update attempt a set
       state = case when outcome in ('confirmed', 'returned') then 'sent' else 'uncertain' end::attempt_state,
       sent_at = now(), why = case when outcome = 'pending' then 'the process that was sending it died' end
     from left_behind where a.id = left_behind.id
     returning letter_id, outcome in ('confirmed', 'returned') as proven`,
    [runId],
  )
  const ids = (proven: boolean): readonly string[] =>
    rows.filter((row) => row.proven === proven).map((row) => row.letter_id)
  await moveLetters(client, { ids: ids(true), from: 'replaying', to: 'replayed', reference: runId })
  await moveLetters(client, { ids: ids(false), from: 'replaying', to: 'uncertain', reference: runId })
}
