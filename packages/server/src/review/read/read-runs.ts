import type { PoolClient } from 'pg'
import { showRunId } from '../../store/ids.ts'
import type { Review, ReviewedRun } from '../review.ts'
import type { Span } from '../week.ts'

/** Runs that were started in the span, newest first, with what became of their letters until now; those of policies are counted and not shown; `queues` by name: how many of each. */
export async function readRuns(
  client: PoolClient,
  { fromMs, toMs, most }: Span & { readonly most: number },
): Promise<{ readonly runs: Review['runs']; readonly ofQueue: ReadonlyMap<string, readonly ReviewedRun[]> }> {
  const { rows } = await client.query<Omit<ReviewedRun, 'id'> & { id: string; queues: readonly string[] | null }>(
    `with taken as materialized (
       select e.reference, array_agg(distinct q.name) as queues from ledger_entry e join queue q on q.id = e.queue_id
        where e.what = 'replay' and e.account = 'replaying' and e.letters > 0 and e.at >= $1 group by 1
     )
     select r.id, r.started_by as by, r.state::text, r.problem, r.verdict::text, p.canary, p.letters,
       coalesce(i.sent, 0)::int as sent, coalesce(i.confirmed, 0)::int as confirmed, coalesce(i.returned, 0)::int as returned,
       coalesce(i.uncertain, 0)::int as uncertain,
       t.queues
     from run r join plan p on p.id = r.plan_id left join taken t on t.reference = r.id::text
     left join lateral (select sum(sent) as sent, sum(confirmed) as confirmed, sum(returned) as returned, sum(uncertain) as uncertain
                          from intent where run_id = r.id) i on true
     where r.started_at >= $1 and r.started_at < $2 order by r.started_at desc, r.id desc`,
    [new Date(fromMs), new Date(toMs)],
  )
  const runs = rows.map(({ queues: _queues, ...row }) => ({ ...row, id: showRunId(row.id) }))
  const sum = (of: 'sent' | 'confirmed' | 'returned' | 'uncertain'): number =>
    runs.reduce((all, run) => all + run[of], 0)
  const ofQueue = new Map<string, ReviewedRun[]>()
  for (const [at, { queues }] of rows.entries()) {
    const run = runs[at]
    if (run === undefined) continue
    for (const queue of queues ?? []) ofQueue.set(queue, [...(ofQueue.get(queue) ?? []), run])
  }
  return {
    ofQueue,
    runs: {
      count: runs.length,
      shown: runs.filter(({ by }) => by !== 'policy').slice(0, most),
      byState: Object.fromEntries(
        [...Map.groupBy(runs, ({ state }) => state)].map(([state, each]) => [state, each.length]),
      ),
      sent: sum('sent'),
      confirmed: sum('confirmed'),
      returned: sum('returned'),
      uncertain: sum('uncertain'),
    },
  }
}
