import { type Tier, tiers } from '@redrive/worker'
import type { Pool, PoolClient } from 'pg'
import { type RetentionPolicy, retentionFields, retentionOf } from '../config/index.ts'

/** What counts for letters of one queue and tier. */
export interface PlacedPolicy extends RetentionPolicy {
  readonly queueId: number
  readonly queue: string
  readonly tier: Tier
}

/** What counts for letters of one queue and all tiers (`null`), or of one tier. */
export type SaidPolicy = RetentionPolicy & { readonly tier: Tier | null }

/** Of every queue that there are letters of, and every tier. */
export async function readPolicies(
  client: Pool | PoolClient,
  office: RetentionPolicy,
): Promise<readonly PlacedPolicy[]> {
  const { rows: queues } = await client.query<{ id: number; name: string }>('select id, name from queue order by name')
  const said = await readSaid(client, null)
  return queues.flatMap(({ id: queueId, name: queue }) =>
    tiers.map((tier) => ({ queueId, queue, tier, ...policyOf(said.get(queue) ?? nothing, { tier, office }) })),
  )
}

/** Of one queue, whether there are letters of it or not: one for all tiers where they have the same. */
export async function policiesOfQueue(
  client: Pool | PoolClient,
  { queue, office }: { readonly queue: string; readonly office: RetentionPolicy },
): Promise<readonly SaidPolicy[]> {
  const said = (await readSaid(client, [queue])).get(queue) ?? nothing
  return summedUp(tiers.map((tier) => ({ tier, ...policyOf(said, { tier, office }) })))
}

/** One for all tiers where they have the same. */
export function summedUp(policies: readonly (RetentionPolicy & { readonly tier: Tier })[]): readonly SaidPolicy[] {
  const [first] = policies
  const isOne = first !== undefined && policies.every((each) => isSame(each, first))
  return isOne ? [{ ...first, tier: null }] : policies
}

export function isSame(a: RetentionPolicy, b: RetentionPolicy): boolean {
  const form = ({ keepDays, afterwards, open }: RetentionPolicy): string =>
    [keepDays, afterwards, open.keepDays, open.afterwards, open.neverLookedAt].join()
  return form(a) === form(b)
}

type Fields = ReadonlyMap<string, string>
const nothing: Fields = new Map()

/** @param queues their names; `null` for all */
async function readSaid(
  client: Pool | PoolClient,
  queues: readonly string[] | null,
): Promise<ReadonlyMap<string, Fields>> {
  const { rows } = await client.query<{ queue: string; field: string; value: string }>(
    'select queue, field, value from queue_says where field = any($1) and ($2::text[] is null or queue = any($2))',
    [retentionFields.flatMap((field) => [`retention.${field}`, ...tiers.map((tier) => ofTier(tier, field))]), queues],
  )
  return new Map(
    [...Map.groupBy(rows, ({ queue }) => queue)].map(([queue, own]) => [
      queue,
      new Map(own.map(({ field, value }) => [field, value])),
    ]),
  )
}

/** The tier's word, then the queue's, then the office's. */
function policyOf(
  said: Fields,
  { tier, office }: { readonly tier: Tier; readonly office: RetentionPolicy },
): RetentionPolicy {
  return retentionOf([(field) => said.get(ofTier(tier, field)), (field) => said.get(`retention.${field}`)], office)
}

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
    policies.map(({ afterwards }) => afterwards),
    policies.map(({ open }) => open.keepDays * days),
    policies.map(({ open }) => open.afterwards),
    policies.map(({ open }) => open.neverLookedAt === 'end'),
  ]
}
