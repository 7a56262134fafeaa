import { type Tier, tiers } from '@redrive/worker'
import type { PoolClient } from 'pg'

/** A queue of which a worker reported within the hour. */
export interface TrafficPicture {
  readonly queueId: number
  readonly name: string
  readonly owner: string | null
  readonly runbook: string | null
  readonly recent: SpanByTier
  readonly hour: SpanByTier
}

export interface SpanByTier {
  readonly handled: number
  readonly died: Readonly<Record<Tier, number>>
}

export const recentMinutes = 5

const sums = (filter: string): string =>
  `jsonb_build_object('handled', coalesce(sum(handled) filter (where ${filter}), 0), 'died', jsonb_build_object(${tiers
    .map((tier) => `'${tier}', coalesce(sum(died_${tier}) filter (where ${filter}), 0)`)
    .join(', ')}))`

export async function lookAtTraffic(client: PoolClient, nowMs: number): Promise<readonly TrafficPicture[]> {
  const { rows } = await client.query<TrafficPicture>({
    name: 'look-at-traffic',
    text: `
      select t.*, q.name,
             (select value from queue_says where queue = q.name and field = 'owner') as owner,
             (select value from queue_says where queue = q.name and field = 'runbook') as runbook
        from (select queue_id as "queueId", ${sums('at > $2')} as recent, ${sums('true')} as hour
                from traffic where seconds = 60 and at > $1 group by 1) t join queue q on q.id = t."queueId"`,
    values: [new Date(nowMs - 3_600_000), new Date(nowMs - recentMinutes * 60_000)],
  })
  return rows
}

/** Minutes of their last reports, of the queues that ever had one. */
export async function lastReports(client: PoolClient, queues: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (queues.length === 0) return new Map()
  const { rows } = await client.query<{ name: string; last: Date | null }>(
    `select q.name, (select max(at) from traffic where queue_id = q.id) as last from queue q where q.name = any($1)`,
    [queues],
  )
  return new Map(rows.flatMap(({ name, last }) => (last === null ? [] : [[name, last.getTime()] as const])))
}
