import type { PoolClient } from 'pg'
import { showRunId } from '../../store/ids.ts'
import type { Found } from '../decide.ts'

/** Runs that stand still until somebody decides, and uncertain letters by queue, now. */
export async function readStopped(client: PoolClient): Promise<Pick<Found, 'stopped' | 'uncertain'>> {
  const { rows: stopped } = await client.query<{ id: string; state: string; problem: string | null; unsent: number }>(
    `select r.id, r.state::text, r.problem, p.letters - r.next_ordinal as unsent from run r join plan p on p.id = r.plan_id
      where r.state in ('halted', 'paused') order by unsent desc, r.id`,
  )
  const { rows: uncertain } = await client.query<{ queue: string; letters: number }>(
    `select q.name as queue, count(*)::int as letters from outstanding o join queue q on q.id = o.queue_id
      where o.state = 'uncertain' group by 1 order by 2 desc, 1`,
  )
  return { stopped: stopped.map((run) => ({ ...run, id: showRunId(run.id) })), uncertain }
}
