import type { PoolClient } from 'pg'
import { showRunId } from '../../store/ids.ts'
import type { Condition } from '../alert.ts'
import { alertRules } from '../rules.ts'
import { oneLine } from './one-line.ts'

const mostRuns = 100

/** Runs that stopped themselves. Somebody who pauses one knows it, and a policy whose run halts ends it and tries again. */
export async function runConditions(client: PoolClient): Promise<readonly Condition[]> {
  const { rows } = await client.query<{ id: string; problem: string | null; by: string; left: number }>({
    name: 'halted-runs',
    text: `select r.id, r.problem, r.started_by as by, p.letters - r.next_ordinal as left
             from run r join plan p on p.id = r.plan_id where r.state = 'halted' and not exists (select from automatic_run where run_id = r.id) order by r.id limit $1`,
    values: [mostRuns],
  })
  return rows.map(({ id, problem, by, left }) => {
    const run = showRunId(id)
    return {
      rule: 'run-halted',
      subject: `run/${id}`,
      queue: null,
      causeId: null,
      tier: null,
      owner: null,
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
