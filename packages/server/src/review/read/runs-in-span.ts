import type { PoolClient } from 'pg'
import { parseRunId } from '../../store/ids.ts'
import type { Span } from '../week.ts'

/**
 * SQL: the run `r` was started, sent something, halted itself or ended in the span, so that one that goes on into the next week is told of in both.
 * Its parameters are $1 and $2, the ends of the span, and $3, the runs that halted in it.
 */
export const runsInSpan = `r.started_at < $2 and (r.started_at >= $1 or coalesce(r.finished_at, 'infinity') >= $1 and (
  r.finished_at < $2 or r.id = any($3::uuid[])
  or exists (select from intent where run_id = r.id and intended_at >= $1 and intended_at < $2)))`

export async function runsInSpanValues(client: PoolClient, { fromMs, toMs }: Span): Promise<readonly unknown[]> {
  const span = [new Date(fromMs), new Date(toMs)]
  const { rows } = await client.query<{ target: string }>(
    `select distinct target from audit where action = 'run.halt' and at >= $1 and at < $2`,
    span,
  )
  return [...span, rows.map(({ target }) => parseRunId(target))]
}

/** Why each of those runs that halted itself did so last, by its id as people see it: what was done with it since does not undo that. */
export async function readHalts(client: PoolClient, runs: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query<{ target: string; reason: string | null }>(
    `select distinct on (target) target, reason from audit where target = any($1) and action = 'run.halt' order by target, id desc`,
    [runs],
  )
  return new Map(rows.map(({ target, reason }) => [target, reason ?? 'nobody said why']))
}
