import type { ReplayByTier } from '../config/index.ts'
import type { PlanningBroker } from '../replay/index.ts'
import type { Store } from '../store/store.ts'
import { begin } from './begin.ts'
import { decide, type Health } from './decide.ts'
import { type PlacedPolicy, readPolicies, withOpenLetters } from './policies.ts'
import { readFacts } from './read-facts.ts'
import { type Settled, settleRuns } from './settle.ts'

export interface LookOptions {
  /** What the office says of tiers. */
  readonly tiers: ReplayByTier
  readonly brokers: ReadonlyMap<string, PlanningBroker>
  readonly ask: (url: string) => Promise<Health>
  /** No more is begun once it is set. */
  readonly signal?: AbortSignal
}

export interface Looked {
  readonly settled: readonly Settled[]
  readonly started: readonly { readonly run: string; readonly queue: string; readonly tier: string }[]
}

/** Looks once at every policy: judges what is over, and begins what may. Any number of offices may look at once. */
export async function lookOnce(store: Store, options: LookOptions): Promise<Looked> {
  const policies = await readPolicies(store.pool, options.tiers)
  const settled = await settleRuns(store, policies)
  const waiting = await withOpenLetters(store.pool)
  const answers = new Map<string, Promise<Health>>()
  const ask = (url: string): Promise<Health> => {
    const answer = answers.get(url) ?? options.ask(url)
    answers.set(url, answer)
    return answer
  }
  const started: Looked['started'][number][] = []
  for (const policy of policies) {
    if (options.signal?.aborted === true) break
    if (policy.when === 'by-hand' || !waiting.has(`${policy.queueId}/${policy.tier}`)) continue
    const run = await lookAt(store, policy, { ...options, ask })
    if (run !== null) started.push({ run, queue: policy.queue, tier: policy.tier })
  }
  return { settled, started }
}

async function lookAt(store: Store, policy: PlacedPolicy, { brokers, ask }: LookOptions): Promise<string | null> {
  const { facts } = await readFacts(store.pool, policy, { brokers: [...brokers.keys()] })
  // What it answered before says nothing of now.
  const decision = decide(policy, { ...facts, health: null })
  if (decision.kind === 'wait') return null
  const health = policy.healthUrl === null ? null : await ask(policy.healthUrl)
  if (health !== null || facts.health !== null) await noteHealth(store, policy, health)
  return health?.isHealthy === false ? null : begin(store, policy, { brokers, health })
}

/** It is asked while letters wait for it alone: of the time before a pause nothing is known. */
async function noteHealth(store: Store, { queue, tier }: PlacedPolicy, health: Health | null): Promise<void> {
  await store.pool.query(
    `insert into automatic_replay (queue, tier, asked_at, unhealthy_since, health_problem)
     values ($1, $2, now(), case when $3::text is not null then now() end, $3)
     on conflict (queue, tier) do update set health_problem = $3, asked_at = now(),
       unhealthy_since = case when $3::text is null then null
         when automatic_replay.asked_at > now() - interval '10 minutes' then coalesce(automatic_replay.unhealthy_since, now())
         else now() end`,
    [queue, tier, health?.isHealthy === false ? health.problem : null],
  )
}
