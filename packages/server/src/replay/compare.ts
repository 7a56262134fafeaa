import { RedriveError } from '@redrive/worker'
import type { Store } from '../store/store.ts'
import { type Result, resultJoin } from './results.ts'
import { type RunView, showRun } from './show.ts'

/** Two runs side by side. */
export interface Comparison {
  readonly before: RunView
  readonly after: RunView
  /** Letters in both, or whose successors are: what became of them then and now. */
  readonly both: number
  readonly changes: readonly { readonly before: Result; readonly after: Result; readonly letters: number }[]
}

/**
 * A letter and what it became when it died again are one lineage, known by the id our wire carries through all of it. Where a run holds
 * several of a lineage, the last of them counts.
 *
 * @throws NOT_FOUND, REQUEST_INVALID (a run with itself)
 */
export async function compareRuns(
  store: Store,
  runs: { readonly before: string; readonly after: string },
): Promise<Comparison> {
  if (runs.before === runs.after)
    throw new RedriveError('REQUEST_INVALID', 'A run is compared with another one, not with itself.')
  const [before, after] = await Promise.all([showRun(store, runs.before), showRun(store, runs.after)])
  const { rows: changes } = await store.pool.query<Comparison['changes'][number]>(
    `with was as (${lineagesOf('$1')}), is_now as (${lineagesOf('$2')})
     select was.result as before, is_now.result as after, count(*)::int as letters
     from was join is_now using (lineage) group by 1, 2 order by 3 desc, 1, 2`,
    [runs.before, runs.after],
  )
  return { before, after, both: changes.reduce((sum, { letters }) => sum + letters, 0), changes }
}

function lineagesOf(run: '$1' | '$2'): string {
  return `
    select distinct on (lineage) coalesce(c.wire_id, p.letter_id::text) as lineage, coalesce(r.result, 'waiting') as result
    from run join plan_letter p on p.plan_id = run.plan_id left join letter_content c on c.id = p.letter_id ${resultJoin.replace('RUN', `${run}::uuid`)}
    where run.id = ${run}::uuid order by lineage, p.letter_id desc`
}
