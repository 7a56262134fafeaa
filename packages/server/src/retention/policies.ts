import { type Tier, tiers } from '@redrive/worker'
import type { Pool, PoolClient } from 'pg'
import { type RetentionPolicy, retentionFields, retentionOf } from '../config/index.ts'

/** What counts for letters of one queue and tier. */
export interface PlacedPolicy extends RetentionPolicy {
  readonly queueId: number
  readonly queue: string
  readonly tier: Tier
  /** Something else is said of it than of the office. */
  readonly isOwn: boolean
}

/** Of every queue and tier: the tier's word, then the queue's, then the office's. */
export async function readPolicies(
  client: Pool | PoolClient,
  office: RetentionPolicy,
): Promise<readonly PlacedPolicy[]> {
  const { rows: queues } = await client.query<{ id: number; name: string }>('select id, name from queue order by name')
  const { rows: said } = await client.query<{ queue: string; field: string; value: string }>(
    'select queue, field, value from queue_says where field = any($1)',
    [retentionFields.flatMap((field) => [`retention.${field}`, ...tiers.map((tier) => ofTier(tier, field))])],
  )
  const byQueue = new Map(
    [...Map.groupBy(said, ({ queue }) => queue)].map(([queue, own]) => [
      queue,
      new Map(own.map(({ field, value }) => [field, value])),
    ]),
  )
  return queues.flatMap(({ id: queueId, name: queue }) => {
    const own = byQueue.get(queue) ?? nothing
    return tiers.map((tier) => {
      const policy = retentionOf(
        [(field) => own.get(ofTier(tier, field)), (field) => own.get(`retention.${field}`)],
        office,
      )
      return { queueId, queue, tier, ...policy, isOwn: JSON.stringify(policy) !== JSON.stringify(office) }
    })
  })
}

const nothing: ReadonlyMap<string, string> = new Map()

function ofTier(tier: Tier, field: string): string {
  return `tiers.${tier}.retention.${field}`
}

const days = 86_400

/** `policy (queue_id, tier, keep_s, action, open_keep_s, open_action, ends_unseen)` of seven parameters that begin at `$first`. */
export function policyTable(first: number): string {
  const types = ['int', 'tier', 'bigint', 'text', 'bigint', 'text', 'bool']
  return `policy (queue_id, tier, keep_s, action, open_keep_s, open_action, ends_unseen) as materialized (
       select * from unnest(${types.map((type, at) => `$${first + at}::${type}[]`).join(', ')}))`
}

export function policyValues(policies: readonly PlacedPolicy[]): readonly unknown[] {
  return [
    policies.map(({ queueId }) => queueId),
    policies.map(({ tier }) => tier),
    policies.map(({ keepDays }) => keepDays * days),
    policies.map(({ then }) => then),
    policies.map(({ open }) => open.keepDays * days),
    policies.map(({ open }) => open.then),
    policies.map(({ open }) => open.neverLookedAt === 'end'),
  ]
}
