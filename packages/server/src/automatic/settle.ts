import type { PoolClient } from 'pg'
import { recordAudit } from '../audit/index.ts'
import { endRun } from '../replay/index.ts'
import { showRunId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { lockPolicy, policyActor } from './begin.ts'
import { gapMs } from './decide.ts'
import { type Judgement, judgeEnded, type RunFacts } from './judge-ended.ts'
import type { PlacedPolicy } from './policies.ts'

export interface Settled {
  /** As people see it. */
  readonly run: string
  readonly queue: string
  readonly tier: string
  readonly verdict: 'passed' | 'failed' | 'cancelled'
  readonly why: string
}

/**
 * Judges runs of policies that are over, or are to be: what halted is cancelled, so that its letters wait for the next run and not for a person. The end, the
 * judgement and what the policy makes of it are one transaction. Also of policies that are by hand by now.
 */
export async function settleRuns(store: Store, policies: readonly PlacedPolicy[]): Promise<readonly Settled[]> {
  const { rows } = await store.pool.query<{ run_id: string; queue: string; tier: string }>(
    'select run_id, queue, tier::text from automatic_run where settled_at is null order by run_id',
  )
  const settled: Settled[] = []
  for (const { run_id: run, queue, tier } of rows) {
    const policy = policies.find((each) => each.queue === queue && each.tier === tier)
    if (policy === undefined) continue
    const judged = await settleRun(store, run, policy)
    if (judged !== null) settled.push({ run: showRunId(run), queue, tier, verdict: judged.verdict, why: judged.why })
  }
  return settled
}

async function settleRun(store: Store, run: string, policy: PlacedPolicy): Promise<Judgement> {
  return store.transaction(async (client) => {
    await lockPolicy(client, policy)
    const facts = await factsOf(client, run)
    const judged = facts === null ? null : judgeEnded(facts)
    if (judged === null) return null
    if (judged.hasToEnd)
      await endRun(client, {
        run,
        by: policyActor,
        reason: `nobody waits for it; the policy tries again: ${judged.why}`,
      })
    await client.query(
      'update automatic_run set settled_at = clock_timestamp(), verdict = $2, why = $3 where run_id = $1',
      [run, judged.verdict, judged.why],
    )
    await learn(client, policy, { run, judged })
    return judged
  })
}

/** `null`: it was judged meanwhile. */
async function factsOf(client: PoolClient, run: string): Promise<RunFacts | null> {
  const locked = await client.query<Pick<RunFacts, 'state' | 'verdict' | 'rule' | 'problem'>>(
    `select r.state::text, r.verdict::text, r.rule, r.problem from run r join automatic_run a on a.run_id = r.id
      where r.id = $1 and a.settled_at is null for update of r`,
    [run],
  )
  const state = locked.rows[0]
  if (state === undefined) return null
  const counts = await client.query<Pick<RunFacts, 'sent' | 'notSent' | 'confirmed' | 'returned' | 'pending'>>(
    `select coalesce(sum(to_ordinal - from_ordinal - not_sent), 0)::int as sent, coalesce(sum(not_sent), 0)::int as "notSent",
       coalesce(sum(confirmed), 0)::int as confirmed, coalesce(sum(returned), 0)::int as returned,
       coalesce(sum(to_ordinal - from_ordinal - not_sent - confirmed - returned) filter (where closed_at is null), 0)::int as pending
     from intent where run_id = $1`,
    [run],
  )
  return { ...state, ...(counts.rows[0] ?? { sent: 0, notSent: 0, confirmed: 0, returned: 0, pending: 0 }) }
}

async function learn(
  client: PoolClient,
  policy: PlacedPolicy,
  { run, judged }: { readonly run: string; readonly judged: NonNullable<Judgement> },
): Promise<void> {
  const { queue, tier, stopAfter } = policy
  if (judged.verdict === 'cancelled') {
    const { rows } = await client.query<{ actor: string; reason: string | null }>(
      `select actor, reason from audit where target = $1 and action = 'run.cancel' order by id desc limit 1`,
      [showRunId(run)],
    )
    // Nobody in particular: the database was put back.
    const by = rows[0]?.actor ?? 'the office'
    return stopPolicy(client, policy, { by, why: `${showRunId(run)} was cancelled: ${rows[0]?.reason ?? judged.why}` })
  }
  const { rows } = await client.query<{ failures: number }>(
    'update automatic_replay set failures = case when $3 then 0 else failures + 1 end where queue = $1 and tier = $2 returning failures',
    [queue, tier, judged.verdict === 'passed'],
  )
  const failures = rows[0]?.failures ?? 0
  await client.query(
    'update automatic_replay set next_at = clock_timestamp() + make_interval(secs => $3) where queue = $1 and tier = $2',
    [queue, tier, gapMs(policy, failures) / 1_000],
  )
  if (failures >= stopAfter)
    await stopPolicy(client, policy, {
      by: policyActor,
      why: `${failures === 1 ? 'its run' : `${failures} runs in a row`} failed, at last: ${judged.why}`,
    })
}

/** The caller has its lock. What was stopped already stays as it was said. */
export async function stopPolicy(
  client: PoolClient,
  { queue, tier }: Pick<PlacedPolicy, 'queue' | 'tier'>,
  { by, why }: { readonly by: string; readonly why: string },
): Promise<void> {
  const { rowCount } = await client.query(
    `update automatic_replay set stopped_at = clock_timestamp(), stopped_by = $3, stopped_why = $4
      where queue = $1 and tier = $2 and stopped_at is null`,
    [queue, tier, by, why],
  )
  if (rowCount === 1)
    await recordAudit(client, { actor: by, action: 'automatic.stop', target: `${queue}/${tier}`, reason: why })
}
