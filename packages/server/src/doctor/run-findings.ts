import { showRunId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import type { Finding } from './finding.ts'

const hourMs = 3_600_000
const mostRuns = 200

/** Runs that were stopped more than an hour ago: what they have not sent is `replaying`, and nobody else can touch it. */
export async function runFindings(store: Store, nowMs: number): Promise<readonly Finding[]> {
  const { rows } = await store.pool.query<{
    id: string
    state: string
    problem: string | null
    since: Date
    by: string
    left: number
  }>(
    `select r.id, r.state::text, r.problem, r.started_by as by, p.letters - r.next_ordinal as left, coalesce(r.intended_at, r.started_at) as since
     from run r join plan p on p.id = r.plan_id where r.state in ('halted', 'paused') order by r.id limit $1`,
    [mostRuns],
  )
  const stops = await store.pool.query<{ target: string; at: Date }>(
    `select target, max(at) as at from audit where target = any($1) and action in ('run.halt', 'run.pause') group by 1`,
    [rows.map(({ id }) => showRunId(id))],
  )
  const stoppedAt = new Map(stops.rows.map(({ target, at }) => [target, at]))
  return rows.flatMap(({ id, state, problem, since, by, left }) => {
    const run = showRunId(id)
    const standsMs = nowMs - (stoppedAt.get(run) ?? since).getTime()
    if (standsMs <= hourMs) return []
    const finding: Finding = {
      code: 'run-stopped',
      severity: 'warning',
      queue: null,
      what: `the run ${run} of ${by} is ${state} since ${Math.floor(standsMs / hourMs)} h, with ${left} letters unsent`,
      why: problem ?? 'nobody said why',
      next: `redrive replay watch ${run}   (then: redrive replay resume ${run}, or cancel)`,
    }
    return [finding]
  })
}
