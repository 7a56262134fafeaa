import type { PoolClient } from 'pg'
import { showRunId } from '../../store/ids.ts'
import type { Review, ReviewedRun } from '../review.ts'
import type { Span } from '../week.ts'
import { readHalts, runsInSpan, runsInSpanValues } from './runs-in-span.ts'

interface Row extends Omit<ReviewedRun, 'haltedWhy'> {
  /** Of what it sent within the span. */
  readonly inSpan: Pick<ReviewedRun, 'sent' | 'confirmed' | 'returned' | 'uncertain'>
  readonly queues: readonly string[] | null
}

/** Runs that did something in the span, newest first, with what became of their letters until now; those of policies are counted and not shown; `ofQueue` by name: those of each. */
export async function readRuns(
  client: PoolClient,
  { most, ...span }: Span & { readonly most: number },
): Promise<{ readonly runs: Review['runs']; readonly ofQueue: ReadonlyMap<string, readonly ReviewedRun[]> }> {
  const { rows } = await client.query<Row>(
    `with these as materialized (
       select r.* from run r where ${runsInSpan}
     ), taken as materialized (
       select e.reference, array_agg(distinct q.name) as queues from ledger_entry e join queue q on q.id = e.queue_id
        where e.what = 'replay' and e.account = 'replaying' and e.letters > 0 and e.at >= (select min(started_at) from these) group by 1
     )
     select r.id, r.started_by as by, r.state::text, r.problem, r.verdict::text, p.canary, p.letters, i.*, t.queues
     from these r join plan p on p.id = r.plan_id left join taken t on t.reference = r.id::text
     cross join lateral (
       select coalesce(sum(sent), 0)::int as sent, coalesce(sum(confirmed), 0)::int as confirmed, coalesce(sum(returned), 0)::int as returned,
         coalesce(sum(uncertain), 0)::int as uncertain,
         json_build_object('sent', coalesce(sum(sent) filter (where is_in_span), 0), 'confirmed', coalesce(sum(confirmed) filter (where is_in_span), 0),
           'returned', coalesce(sum(returned) filter (where is_in_span), 0), 'uncertain', coalesce(sum(uncertain) filter (where is_in_span), 0)) as "inSpan"
       from (select *, intended_at >= $1 and intended_at < $2 as is_in_span from intent where run_id = r.id) each) i
     order by r.started_at desc, r.id desc`,
    [...(await runsInSpanValues(client, span))],
  )
  const halts = await readHalts(
    client,
    rows.map(({ id }) => showRunId(id)),
  )
  const found = rows.map(({ queues, inSpan, id: uuid, ...row }) => {
    const id = showRunId(uuid)
    return { queues: queues ?? [], inSpan, run: { ...row, id, haltedWhy: halts.get(id) ?? null } }
  })
  const runs = found.map(({ run }) => run)
  const ofPeople = runs.filter(({ by }) => by !== 'policy')
  const ofQueue = new Map<string, ReviewedRun[]>()
  for (const { queues, run } of found)
    for (const queue of queues) ofQueue.set(queue, [...(ofQueue.get(queue) ?? []), run])
  const sum = (of: keyof Row['inSpan']): number => found.reduce((all, { inSpan }) => all + inSpan[of], 0)
  return {
    ofQueue,
    runs: {
      count: runs.length,
      ofPeople: ofPeople.length,
      shown: ofPeople.slice(0, most),
      byState: Object.fromEntries(
        [...Map.groupBy(runs, ({ state }) => state)].map(([state, each]) => [state, each.length]),
      ),
      halted: runs.filter(({ haltedWhy }) => haltedWhy !== null).length,
      sent: sum('sent'),
      confirmed: sum('confirmed'),
      returned: sum('returned'),
      uncertain: sum('uncertain'),
    },
  }
}
