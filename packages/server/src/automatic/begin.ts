import { isRedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { beginRun, defaultControl, type PlanningBroker, writePlan } from '../replay/index.ts'
import { showLetterId, showRunId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { canaryOf, decide, type Health } from './decide.ts'
import type { PlacedPolicy } from './policies.ts'
import { readFacts } from './read-facts.ts'

/** Who plans and runs it. */
export const policyActor = 'policy'

/**
 * Plans and starts a run for a policy, with what the policy remembers of it, all in one transaction: whatever dies in between leaves nothing of it.
 * Decides anew under the policy's lock, so that no two offices start one, and nothing starts after a stop was answered.
 *
 * @returns the run as people see it; `null`: it was not to be, or somebody was quicker with one of the letters
 */
export async function begin(
  store: Store,
  policy: PlacedPolicy,
  options: { readonly brokers: ReadonlyMap<string, PlanningBroker>; readonly health: Health | null },
): Promise<string | null> {
  try {
    return await store.transaction(async (client) => {
      await lockPolicy(client, policy)
      const { facts, ids } = await readFacts(client, policy, { brokers: [...options.brokers.keys()] })
      const decision = decide(policy, { ...facts, health: options.health })
      if (decision.kind !== 'send') return null
      return plannedAndRun(client, policy, { ...options, letters: ids.slice(0, decision.letters), nowMs: facts.nowMs })
    })
  } catch (error) {
    if (isRedriveError(error, 'PLAN_STALE')) return null
    throw error
  }
}

interface Planning {
  readonly brokers: ReadonlyMap<string, PlanningBroker>
  /** UUIDs. */
  readonly letters: readonly string[]
  readonly nowMs: number
}

async function plannedAndRun(
  client: PoolClient,
  policy: PlacedPolicy,
  { brokers, letters, nowMs }: Planning,
): Promise<string | null> {
  const { queue, tier, when, pace } = policy
  await client.query('savepoint planning')
  const plan = await writePlan(client, brokers, {
    selection: { letters: letters.map(showLetterId) },
    destination: 'lane',
    route: 'lane',
    control: { ...defaultControl, pace, canary: canaryOf(policy, letters.length) },
    by: policyActor,
    reason: `automatic replay: ${queue}, ${tier}, ${when === 'fixed' ? 'after the fix' : 'while healthy'}`,
    nowMs,
  })
  // Somebody was quicker with some of them; of so few the canary might be all.
  if (plan.letters !== letters.length) {
    await client.query('rollback to savepoint planning')
    const why = [...plan.skipped].map(([reason, count]) => `${count} ${reason}`).join(', ')
    await remember(client, policy, { problem: `its last plan left out some of ${letters.length} letters: ${why}` })
    return null
  }
  const run = await beginRun(client, { plan: plan.id, by: policyActor })
  await client.query('insert into automatic_run (run_id, queue, tier) values ($1, $2, $3)', [run, queue, tier])
  await remember(client, policy, { problem: null })
  return showRunId(run)
}

/** Its row, which is made where there is none: who has it decides alone. */
export async function lockPolicy(
  client: PoolClient,
  { queue, tier }: Pick<PlacedPolicy, 'queue' | 'tier'>,
): Promise<void> {
  await client.query('insert into automatic_replay (queue, tier) values ($1, $2) on conflict do nothing', [queue, tier])
  await client.query('select from automatic_replay where queue = $1 and tier = $2 for update', [queue, tier])
}

/** A plan that was not run is not made again at once. */
async function remember(
  client: PoolClient,
  { queue, tier, retryEveryMs }: PlacedPolicy,
  { problem }: { readonly problem: string | null },
): Promise<void> {
  await client.query(
    `update automatic_replay set problem = $3, next_at = case when $3::text is null then next_at else now() + make_interval(secs => $4) end
      where queue = $1 and tier = $2`,
    [queue, tier, problem, retryEveryMs / 1_000],
  )
}
