import type { Tier } from '@redrive/worker'
import type { ReplayByTier, ReplayPolicy } from '../config/index.ts'
import { showRunId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { type Decision, decide, type LeftOut } from './decide.ts'
import { type PlacedPolicy, readPolicies, withOpenLetters } from './policies.ts'
import { readFacts } from './read-facts.ts'

type Waiting = Extract<Decision, { kind: 'wait' }>['state']

/** A policy as people see it. */
export interface AutomaticView extends ReplayPolicy {
  readonly queue: string
  readonly tier: Tier
  readonly state: Waiting
  /** Why nothing is sent now, or what is. */
  readonly why: string
  /** When it may send again, where that is a matter of time. */
  readonly nextAt: string | null
  /** Letters it sent within the last hour. */
  readonly sentInHour: number
  /** Letters that may be sent now, as far as they were looked at. */
  readonly ready: number
  /** Letters that it leaves out, by why, as far as they were looked at. */
  readonly leftOut: Readonly<Partial<Record<LeftOut, number>>>
  /** Failed runs in a row. */
  readonly failures: number
  readonly stopped: { readonly by: string; readonly why: string | null } | null
  /** Since when its backend is not healthy. */
  readonly unhealthySince: string | null
  /** Of its last run. */
  readonly lastRun: {
    readonly run: string
    /** `null`: it goes on. */
    readonly verdict: 'passed' | 'failed' | 'cancelled' | null
    readonly why: string | null
  } | null
}

/** Whoever can write dead letters can invent queues. */
const mostShown = 1_000

/** Policies that somebody set for a queue, that have open letters, or that something is remembered of. */
export async function showAutomatic(
  store: Store,
  options: { readonly tiers: ReplayByTier; readonly brokers: readonly string[] },
): Promise<readonly AutomaticView[]> {
  const policies = await readPolicies(store.pool, options.tiers)
  const { rows } = await store.pool.query<{ place: string }>(
    `select tier || '/' || queue as place from automatic_replay`,
  )
  const remembered = new Set(rows.map(({ place }) => place))
  const open = await withOpenLetters(store.pool)
  const shown = policies.filter(
    ({ queue, queueId, tier, when, isOwn }) =>
      isOwn || remembered.has(`${tier}/${queue}`) || (when !== 'by-hand' && open.has(`${queueId}/${tier}`)),
  )
  const views: AutomaticView[] = []
  for (const policy of shown.slice(0, mostShown)) views.push(await viewOf(store, policy, options))
  return views
}

async function viewOf(
  store: Store,
  { queueId, isOwn, ...policy }: PlacedPolicy,
  { brokers }: { readonly brokers: readonly string[] },
): Promise<AutomaticView> {
  const known = await readFacts(store.pool, { queueId, isOwn, ...policy }, { brokers })
  const { facts, unhealthySince, problem } = known
  const { state, why, untilMs } = waiting(decide(policy, facts), problem)
  return {
    ...policy,
    state,
    why,
    nextAt: untilMs === null ? null : new Date(untilMs).toISOString(),
    sentInHour: facts.sentInHour,
    ready: facts.ready,
    leftOut: Object.fromEntries(facts.leftOut),
    failures: facts.failures,
    stopped: facts.stopped,
    unhealthySince: unhealthySince?.toISOString() ?? null,
    lastRun: await lastRunOf(store, policy),
  }
}

function waiting(decision: Decision, problem: string | null): Omit<Extract<Decision, { kind: 'wait' }>, 'kind'> {
  if (decision.kind === 'wait')
    return problem !== null && decision.state === 'waiting' && decision.untilMs !== null
      ? { ...decision, why: problem }
      : decision
  const why =
    decision.kind === 'ask'
      ? 'its backend is asked next'
      : `${decision.letters.toLocaleString('en-US')} letters are sent next`
  return { state: 'waiting', why, untilMs: null }
}

async function lastRunOf(
  store: Store,
  { queue, tier }: Pick<PlacedPolicy, 'queue' | 'tier'>,
): Promise<AutomaticView['lastRun']> {
  const { rows } = await store.pool.query<{
    run_id: string
    verdict: 'passed' | 'failed' | 'cancelled' | null
    why: string | null
  }>(
    'select run_id, verdict, why from automatic_run where queue = $1 and tier = $2 order by settled_at desc nulls first limit 1',
    [queue, tier],
  )
  const [last] = rows
  return last === undefined ? null : { run: showRunId(last.run_id), verdict: last.verdict, why: last.why }
}
