import { type Tier, tiers } from '@redrive/worker'
import type { Pool, PoolClient } from 'pg'
import { type AlertLimit, limitFields, limitOf, tierLimitFields } from '../../config/index.ts'
import type { PlacedLimit } from './limits.ts'

/**
 * What is too much, of every queue, the nearest word first: entries of the file that name queues, then what was said of one queue (`queues` in the file,
 * or by the API), then entries that are for all.
 */
export async function readLimits(
  client: Pool | PoolClient,
  limits: readonly AlertLimit[],
): Promise<readonly PlacedLimit[]> {
  const { rows } = await client.query<{ queue: string; field: string; value: string }>({
    name: 'read-alert-limits',
    text: 'select queue, field, value from queue_says where field = any($1) order by queue, field',
    values: [[...placesOf.keys()]],
  })
  const said = [...Map.groupBy(rows, ({ queue, field }) => JSON.stringify([queue, placesOf.get(field)?.tier])).values()]
  return [
    ...limits.filter(({ queues }) => queues !== undefined),
    ...said.flatMap((own): readonly PlacedLimit[] => {
      const [first] = own
      if (first === undefined) return []
      const tier = placesOf.get(first.field)?.tier ?? null
      const limit = limitOf(new Map(own.map(({ field, value }) => [placesOf.get(field)?.name ?? '', value])))
      return [{ ...limit, queue: first.queue, ...(tier === null ? {} : { tier }) }]
    }),
    ...limits.filter(({ queues }) => queues === undefined),
  ]
}

interface Place {
  readonly tier: Tier | null
  readonly name: string
}

/** Fields of documents by their paths. */
const placesOf: ReadonlyMap<string, Place> = new Map([
  ...limitFields.map((name): [string, Place] => [`alerts.${name}`, { tier: null, name }]),
  ...tiers.flatMap((tier) =>
    tierLimitFields.map((name): [string, Place] => [`tiers.${tier}.alerts.${name}`, { tier, name }]),
  ),
])
