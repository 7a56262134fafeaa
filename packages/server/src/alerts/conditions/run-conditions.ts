import type { PoolClient } from 'pg'
import { showRunId } from '../../store/ids.ts'
import type { Condition } from '../alert.ts'
import { alertRules } from '../rules.ts'
import { oneLine } from './one-line.ts'

const mostRuns = 100

/**
 * Runs that stopped themselves. Somebody who pauses one knows it, and a policy whose run halts ends it and tries again. Whether all letters are of one
 * queue is read once, when the alert is raised: a plan may have very many.
 */
export async function runConditions(client: PoolClient): Promise<readonly Condition[]> {
  const { rows } = await client.query<{
    id: string
    problem: string | null
    by: string
    left: number
    queue: string | null
    owner: string | null
  }>({
    name: 'halted-runs',
    text: `
      with halted as materialized (
        select r.id, r.problem, r.started_by as by, p.letters - r.next_ordinal as left,
               case when a.id is not null then a.queue else (
                 select min(q.name) from (select distinct l.queue_id from plan_letter n join letter l on l.id = n.letter_id where n.plan_id = p.id) of
                   join queue q on q.id = of.queue_id having count(*) = 1) end as queue
          from run r join plan p on p.id = r.plan_id left join alert a on a.subject = 'run/' || r.id and a.state <> 'resolved'
         where r.state = 'halted' and not exists (select from automatic_run where run_id = r.id) order by r.id limit $1
      )
      select h.*, o.value as owner from halted h left join queue_says o on o.queue = h.queue and o.field = 'owner' order by h.id`,
    values: [mostRuns],
  })
  return rows.map(({ id, problem, by, left, queue, owner }) => {
    const run = showRunId(id)
    return {
      rule: 'run-halted',
      subject: `run/${id}`,
      queue,
      causeId: null,
      tier: null,
      owner,
      urgency: alertRules['run-halted'].urgency,
      title: `HALTED run ${run}: ${oneLine(problem ?? 'nobody said why', 100)}`,
      facts: [
        { name: 'started by', value: oneLine(by, 100) },
        { name: 'unsent', value: left.toLocaleString('en-US') },
      ],
      next: `redrive replay watch ${run}`,
      runbook: null,
      over: null,
      isEmpty: false,
      takenBy: null,
    }
  })
}
