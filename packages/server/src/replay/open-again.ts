import type { PoolClient } from 'pg'
import { recordTransfers } from '../ledger/index.ts'
import type { Lease } from './claim.ts'

/**
 * Letters of a cancelled run that nothing was sent of are open again, in the books as well.
 * @param range ordinals; without `to` all from `from` on
 * @returns how many
 */
export async function openAgain(
  client: PoolClient,
  run: Pick<Lease, 'runId' | 'planId'>,
  range: { readonly from: number; readonly to?: number },
): Promise<number> {
  const { rows } = await client.query<{ queueId: number; letters: number }>(
    `with moved as (
       update letter l set state = 'open', revision = l.revision + 1, changed_at = now()
       from plan_letter p
       where p.plan_id = $1 and p.ordinal >= $2 and ($3::int is null or p.ordinal < $3) and l.id = p.letter_id and l.state::text = 'replaying'
       returning l.queue_id
     )
     select queue_id as "queueId", count(*)::int as letters from moved group by 1`,
    [run.planId, range.from, range.to ?? null],
  )
  await recordTransfers(
    client,
    rows.map((moved) => ({ ...moved, from: 'replaying', to: 'open', what: 'replay cancelled', reference: run.runId })),
  )
  return rows.reduce((sum, { letters }) => sum + letters, 0)
}
