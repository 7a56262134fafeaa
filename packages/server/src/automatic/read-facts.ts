import type { Pool, PoolClient } from 'pg'
import { showRunId } from '../store/ids.ts'
import { type Facts, type Going, mostOfRun } from './decide.ts'
import type { PlacedPolicy } from './policies.ts'
import { readyLetters } from './ready-letters.ts'

/** Facts with the letters themselves. */
export interface Known {
  readonly facts: Facts
  /** UUIDs of the ready ones, oldest first. */
  readonly ids: readonly string[]
  /** Since when its backend is not healthy. */
  readonly unhealthySince: Date | null
  /** Why its last plan was not run. */
  readonly problem: string | null
}

/**
 * What is to be known to decide. All times are the database's, and what was sent is counted from what was written down before it was, so that the bound
 * of an hour holds over restarts and several offices.
 * @param options.brokers names of the office's connections
 */
export async function readFacts(
  client: Pool | PoolClient,
  policy: PlacedPolicy,
  { brokers }: { readonly brokers: readonly string[] },
): Promise<Known> {
  const { rows } = await client.query<Row>(
    `select extract(epoch from n.at)::float8 * 1000 as now_ms, coalesce(a.failures, 0) as failures,
       coalesce(extract(epoch from a.next_at)::float8 * 1000, 0) as next_at_ms, a.stopped_by, a.stopped_why, a.unhealthy_since, a.health_problem,
       a.problem, g.run_id, r.state::text as run_state, r.problem as run_problem,
       (select coalesce(sum(i.to_ordinal - i.from_ordinal - i.not_sent), 0)::int from automatic_run e join intent i on i.run_id = e.run_id
         where e.queue = $1 and e.tier = $2 and (e.settled_at is null or e.settled_at > n.at - interval '1 hour')
           and i.intended_at > n.at - interval '1 hour') as sent_in_hour
     from (select clock_timestamp() as at) n left join automatic_replay a on a.queue = $1 and a.tier = $2
       left join automatic_run g on g.queue = $1 and g.tier = $2 and g.settled_at is null left join run r on r.id = g.run_id`,
    [policy.queue, policy.tier],
  )
  const row = rows[0]
  if (row === undefined) throw new TypeError('a row that is always there')
  const most = Math.max(1, Math.min(mostOfRun, policy.perHour - row.sent_in_hour))
  const isAsked = policy.queueId !== null && policy.when !== 'by-hand' && row.run_id === null && row.stopped_by === null
  const { ids, leftOut } = isAsked
    ? await readyLetters(client, { ...policy, queueId: policy.queueId ?? 0, brokers, nowMs: row.now_ms, most })
    : { ids: [], leftOut: new Map() }
  return {
    facts: {
      nowMs: row.now_ms,
      failures: row.failures,
      nextAtMs: row.next_at_ms,
      stopped: row.stopped_by === null ? null : { by: row.stopped_by, why: row.stopped_why },
      going: goingOf(row),
      ready: ids.length,
      leftOut,
      sentInHour: row.sent_in_hour,
      health: row.health_problem === null ? null : { isHealthy: false, problem: row.health_problem },
    },
    ids,
    unhealthySince: row.unhealthy_since,
    problem: row.problem,
  }
}

function goingOf({ run_id, run_state, run_problem }: Row): Going | null {
  if (run_id === null || run_state === null) return null
  return { run: showRunId(run_id), state: run_state, problem: run_problem }
}

interface Row {
  readonly now_ms: number
  readonly failures: number
  readonly next_at_ms: number
  readonly stopped_by: string | null
  readonly stopped_why: string | null
  readonly unhealthy_since: Date | null
  readonly health_problem: string | null
  readonly problem: string | null
  readonly run_id: string | null
  readonly run_state: Going['state'] | null
  readonly run_problem: string | null
  readonly sent_in_hour: number
}
