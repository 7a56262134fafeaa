import { type Tier, tiers } from '@redrive/worker'
import type { Pool, PoolClient } from 'pg'
import { flatReplay, type ReplayByTier, type ReplayPolicy, replayFields, replayOf } from '../config/index.ts'

/** What counts for letters of one queue and tier. */
export interface PlacedPolicy extends ReplayPolicy {
  readonly queue: string
  /** `null`: no letter of it came yet. */
  readonly queueId: number | null
  readonly tier: Tier
  /** Somebody said it of the queue itself. */
  readonly isOwn: boolean
}

/** Of every queue that there are letters of or of which something is said, and every tier. The queue's word, field by field, then the office's. */
export async function readPolicies(client: Pool | PoolClient, office: ReplayByTier): Promise<readonly PlacedPolicy[]> {
  const { rows } = await client.query<{ queue: string; field: string; value: string }>(
    'select queue, field, value from queue_says where field = any($1)',
    [tiers.flatMap((tier) => replayFields.map((field) => fieldOf(tier, field)))],
  )
  const queues = await client.query<{ id: number | null; name: string }>(
    `select id, name from queue union all select null, s.name from unnest($1::text[]) as s (name)
      where not exists (select from queue where queue.name = s.name) order by name`,
    [[...new Set(rows.map(({ queue }) => queue))]],
  )
  const said = new Map(rows.map(({ queue, field, value }) => [`${queue}/${field}`, value]))
  return queues.rows.flatMap(({ id: queueId, name: queue }) =>
    tiers.map((tier) => {
      const ofOffice = new Map<string, string | null>(flatReplay(office[tier]))
      const own = (field: string): string | undefined => said.get(`${queue}/${fieldOf(tier, field)}`)
      return {
        ...{ queue, queueId, tier, isOwn: own('when') !== undefined },
        ...replayOf(tier, [own, (field) => ofOffice.get(field)]),
      }
    }),
  )
}

/** Places that have something open, as `queue id/tier`: most have nothing, and are not looked at. */
export async function withOpenLetters(client: Pool | PoolClient): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ place: string }>(
    `select distinct c.queue_id || '/' || c.tier::text as place from cause c
      where exists (select from outstanding o where o.cause_id = c.id and o.state = 'open')`,
  )
  return new Set(rows.map(({ place }) => place))
}

function fieldOf(tier: Tier, field: string): string {
  return `tiers.${tier}.replay.${field}`
}
