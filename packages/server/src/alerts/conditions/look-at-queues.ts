import type { Tier } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { uuidTimeMs } from '../../store/uuid.ts'
import type { QueuePicture } from './queue-conditions.ts'
import { waitingCauses } from './waiting-causes.ts'

/** Queues with open letters; from what causes added up and the index of what waits: no letter is counted. */
export async function lookAtQueues(client: PoolClient): Promise<readonly QueuePicture[]> {
  const { rows } = await client.query<{
    name: string
    owner: string | null
    runbook: string | null
    open: number
    openOf: Readonly<Partial<Record<Tier, number>>>
    oldest: string | null
  }>({
    name: 'queues-with-open-letters',
    text: `
      with recursive ${waitingCauses}, open as (
        select c.queue_id, c.tier,
               sum(c.letters + coalesce((select sum(m.letters) from cause_change m where m.cause_id = c.id and m.state = 'open'), 0)) as letters
          from waiting w join cause c on c.id = w.cause_id group by 1, 2
      )
      select q.name,
             (select value from queue_says where queue = q.name and field = 'owner') as owner,
             (select value from queue_says where queue = q.name and field = 'runbook') as runbook,
             (select letter_id from outstanding o where o.queue_id = q.id and o.state = 'open' order by letter_id limit 1) as oldest, b.open, b.of as "openOf"
        from (select queue_id, jsonb_object_agg(tier, letters) as of, sum(letters)::float8 as open from open where letters > 0 group by 1) b join queue q on q.id = b.queue_id`,
  })
  return rows.map(({ oldest, ...queue }) => ({ ...queue, oldestMs: oldest === null ? null : uuidTimeMs(oldest) }))
}
