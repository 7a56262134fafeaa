import type { PoolClient } from 'pg'
import { recordAudit } from '../audit/index.ts'
import { showRunId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { type Lease, leaseSeconds, sureSince } from './claim.ts'
import { markLeftBehind } from './mark.ts'
import { takeBack } from './put-back.ts'

/**
 * Takes the oldest run nobody holds and settles what its last holder left behind: whether an intent without results was sent nobody
 * knows, so its letters become `uncertain`, and nothing is sent twice on a guess. Only what would have been sent in the transaction that notes
 * its results was surely not, and goes on. A run that was stopped is taken for that alone.
 */
export async function takeRun(store: Store): Promise<(Lease & { readonly isRunning: boolean }) | null> {
  const askedAtMs = performance.now()
  return store.transaction(async (client) => {
    const { rows } = await client.query<{ id: string; plan_id: string; lease_token: string; state: string }>(
      `update run set lease_token = lease_token + 1, lease_until = now() + make_interval(secs => $1)
       where id = (
         select id from run
         where (state = 'running' or exists (select from intent where run_id = run.id and noted_at is null)) and lease_until <= now()
         order by started_at limit 1 for update skip locked
       )
       returning id, plan_id, lease_token, state::text`,
      [leaseSeconds],
    )
    const row = rows[0]
    if (row === undefined) return null
    const lease = {
      runId: row.id,
      planId: row.plan_id,
      token: row.lease_token,
      sure: { untilMs: sureSince(askedAtMs) },
      isRunning: row.state === 'running',
    }
    for (const intent of await leftBehind(client, lease.runId)) {
      if (intent.isUnsent) await takeBack(client, { ...lease, state: row.state }, intent.fromOrdinal)
      else await markLeftBehind(client, lease, intent)
    }
    return lease
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

/**
 * Ends all runs, whoever holds them, and settles what is on its way of each as `uncertain`: a database that was put back says nothing about
 * its own later transactions either. What they have not taken up is left to the caller.
 * @returns how many
 */
export async function settleEveryRun(client: PoolClient, problem: string): Promise<number> {
  const { rows } = await client.query<{ runId: string; planId: string }>(
    `update run set lease_token = lease_token + 1, lease_until = now(), state = 'cancelled', finished_at = now(), problem = $1, rule = null
     where state in ('running', 'paused', 'halted') or exists (select from intent where run_id = run.id and noted_at is null)
     returning id as "runId", plan_id as "planId"`,
    [problem],
  )
  for (const run of rows)
    for (const intent of await leftBehind(client, run.runId)) await markLeftBehind(client, run, intent)
  return rows.length
}

interface LeftBehind {
  readonly fromOrdinal: number
  readonly toOrdinal: number
  /** It would have been sent with its results. */
  readonly isUnsent: boolean
}

/** Intents without results, at most a few: as many as one process has on its way. Of those that are sent with their results there is one, the last. */
async function leftBehind(client: PoolClient, runId: string): Promise<readonly LeftBehind[]> {
  // Results may still be on their way to the database: who has the intent first says what became of it.
  const { rows } = await client.query<LeftBehind>(
    `select from_ordinal as "fromOrdinal", to_ordinal as "toOrdinal",
       is_within and to_ordinal = (select next_ordinal from run where id = $1) as "isUnsent"
     from intent where run_id = $1 and noted_at is null order by from_ordinal for no key update`,
    [runId],
  )
  return rows
}
