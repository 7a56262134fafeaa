import { shellWord } from '../queues/index.ts'
import type { Store } from '../store/store.ts'
import { counted, type Finding } from './finding.ts'

const dayMs = 86_400_000

/** Causes with open letters that nobody has looked at for more than a day. */
export async function causeFindings(store: Store, { nowMs }: { readonly nowMs: number }): Promise<readonly Finding[]> {
  const { rows } = await store.pool.query<{ queue: string; causes: number; oldest: Date }>(
    `select q.name as queue, count(*)::int as causes, min(c.first_seen) as oldest
       from cause c join queue q on q.id = c.queue_id
      where c.state = 'new' and c.first_seen < $1
        and exists (select from outstanding o where o.cause_id = c.id and o.state = 'open')
      group by 1 order by 1`,
    [new Date(nowMs - dayMs)],
  )
  return rows.map(({ queue, causes, oldest }) => ({
    code: 'cause-unopened',
    severity: 'warning',
    queue,
    what: `${counted(causes, 'cause')} that nobody looked at for more than a day`,
    why: `letters die of something new, and nobody knows of what; the oldest since ${oldest.toISOString()}`,
    next: `redrive causes --state new --queue ${shellWord(queue)}`,
  }))
}
