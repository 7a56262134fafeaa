import { type Tier, tiers } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { tooMuch } from './too-much.ts'

const hourMs = 3_600_000
const mostReports = 500_000

/** What the workers of a queue reported of a minute. */
export interface PastTraffic {
  readonly queueId: number
  readonly name: string
  readonly owner: string | null
  readonly runbook: string | null
  readonly minute: number
  readonly handled: number
  readonly died: Readonly<Record<Tier, number>>
}

/** Of an hour before the time, too: a look knows the hour before it. @throws REQUEST_INVALID for more than can be looked at */
export async function readTraffic(
  client: PoolClient,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<{ readonly traffic: readonly PastTraffic[]; readonly trafficFromMs: number | null }> {
  const died = tiers.map((tier) => `'${tier}', sum(died_${tier})`).join(', ')
  const { rows } = await client.query<PastTraffic>(
    `select t.*, q.name,
            (select value from queue_says where queue = q.name and field = 'owner') as owner,
            (select value from queue_says where queue = q.name and field = 'runbook') as runbook
       from (select queue_id as "queueId", floor(extract(epoch from at) / 60)::int as minute, sum(handled)::float8 as handled, jsonb_build_object(${died}) as died
               from traffic where seconds = 60 and at >= $1 and at < $2 group by 1, 2 order by 2 limit $3) t
       join queue q on q.id = t."queueId"`,
    [new Date(fromMs - hourMs), new Date(toMs), mostReports + 1],
  )
  if (rows.length > mostReports)
    throw tooMuch(`reports of more than ${mostReports.toLocaleString('en-US')} minutes and queues`)
  const hours = await client.query<{ until: Date | null }>(
    `select max(at) + interval '1 hour' as until from traffic where seconds = 3600 and at >= $1 and at < $2`,
    [new Date(fromMs), new Date(toMs)],
  )
  return { traffic: rows, trafficFromMs: hours.rows[0]?.until?.getTime() ?? null }
}
