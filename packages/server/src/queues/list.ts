import type { Store } from '../store/store.ts'
import { type TrafficOfSpan, trafficOfQueues } from '../traffic/index.ts'

export interface QueueView {
  readonly name: string
  readonly broker: string
  readonly system: string
  readonly place: string
  readonly owner: string | null
  readonly runbook: string | null
  /** By state, from the books; states without letters are left out. */
  readonly letters: Readonly<Record<string, number>>
  readonly causes: number
  readonly oldestOpenAt: string | null
  readonly newestAt: string | null
  /** What workers said of the last hour; `null`: none reported, so that nothing is known. */
  readonly traffic: TrafficOfSpan | null
}

/** @param name only this one */
export async function listQueues(store: Store, name: string | null = null): Promise<readonly QueueView[]> {
  const traffic = await trafficOfQueues(store.pool, name)
  const { rows } = await store.pool.query<{
    name: string
    broker: string
    system: string
    place: string
    owner: string | null
    runbook: string | null
    letters: Readonly<Record<string, number>> | null
    causes: number
    oldest: Date | null
    newest: Date | null
  }>(
    `select q.name, q.broker, q.system, q.place,
       (select value from queue_says where queue = q.name and field = 'owner') as owner,
       (select value from queue_says where queue = q.name and field = 'runbook') as runbook,
       (select jsonb_object_agg(account, letters) from (
          select account, letters::bigint as letters from book where queue_id = q.id and account <> 'source' and letters <> 0) b) as letters,
       (select count(*)::int from cause where queue_id = q.id and letters > 0) as causes,
       (select uuid_extract_timestamp(letter_id) from outstanding where queue_id = q.id and state = 'open' order by letter_id limit 1) as oldest,
       (select max(last_seen) from cause where queue_id = q.id) as newest
     from queue q where $1::text is null or q.name = $1 order by q.name`,
    [name],
  )
  return rows.map(({ oldest, newest, ...row }) => ({
    ...row,
    letters: row.letters ?? {},
    oldestOpenAt: oldest?.toISOString() ?? null,
    newestAt: newest?.toISOString() ?? null,
    traffic: traffic.get(row.name) ?? null,
  }))
}
