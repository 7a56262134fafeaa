import type { Tier } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { awaitedTable, judgedLetters } from './due.ts'
import { type PlacedPolicy, policyTable, policyValues } from './policies.ts'

export type Held = 'never-looked-at' | 'in-line' | 'outcome-awaited'

/** Letters of one queue and tier that end on one day, or would. */
export interface Due {
  readonly queueId: number
  readonly tier: Tier
  readonly action: 'delete' | 'archive'
  /** Days from now, 0: due already; of those that are kept all the same always 0. */
  readonly inDays: number
  readonly held: Held | null
  readonly letters: number
  readonly causes: number
}

/** What is due now, and what will be within some days. Reads each letter's narrow row once. */
export async function countDue(
  client: PoolClient,
  policies: readonly PlacedPolicy[],
  { days }: { readonly days: number },
): Promise<readonly Due[]> {
  const { rows } = await client.query<Due>(
    `with ${policyTable(1)}, ${awaitedTable}
     select queue_id as "queueId", tier::text, action, held, count(*)::int as letters, count(distinct cause_id)::int as causes,
            case when held is null then greatest(0, ceil(extract(epoch from due_at - now()) / 86400))::int else 0 end as "inDays"
       from (${judgedLetters('letter')}) judged
      where due_at < now() + make_interval(days => $8)
      group by 1, 2, 3, 4, 7 order by 7, 1, 2, 3, 4`,
    [...policyValues(policies), days],
  )
  return rows
}
