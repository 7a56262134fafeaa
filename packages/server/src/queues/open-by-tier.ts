import type { Tier } from '@redrive/worker'
import type { Store } from '../store/store.ts'

export interface OpenOfTier {
  readonly queue: string
  readonly tier: Tier
  readonly open: number
}

/** Where letters are open now, from what causes added up: no letter is counted. @param queue its name, or all of them */
export async function openByTier(store: Store, queue: string | null = null): Promise<readonly OpenOfTier[]> {
  const { rows } = await store.pool.query<{ queue: string; tier: Tier; open: string }>(
    `select q.name as queue, tier, sum(letters) as open from (
       select queue_id, tier, letters from cause where $1::text is null or queue_id = (select id from queue where name = $1)
       union all
       select c.queue_id, c.tier, m.letters from cause c
         join (select cause_id, sum(letters) as letters from cause_change
               where state = 'open' and ($1::text is null or cause_id in (
                 select id from cause where queue_id = (select id from queue where name = $1)))
               group by 1) m on m.cause_id = c.id
     ) as came join queue q on q.id = queue_id group by 1, 2 having sum(letters) > 0 order by 1, 2`,
    [queue],
  )
  return rows.map((row) => ({ ...row, open: Number(row.open) }))
}
