import type { Pool, PoolClient } from 'pg'
import { type CapPolicy, capFields, capOf } from '../config/index.ts'

/** By the name of a queue, whether there are letters of it or not. */
export type CapsByQueue = (queue: string) => CapPolicy

/** What queues say of their caps, and the office's for those that say nothing. */
export async function readCaps(client: Pool | PoolClient, office: CapPolicy): Promise<CapsByQueue> {
  const { rows } = await client.query<{ queue: string; field: string; value: string }>({
    name: 'read-caps',
    text: 'select queue, field, value from queue_says where field = any($1)',
    values: [capFields.map((field) => `retention.${field}`)],
  })
  const said = new Map(
    [...Map.groupBy(rows, ({ queue }) => queue)].map(([queue, own]) => [
      queue,
      new Map(own.map(({ field, value }) => [field, value])),
    ]),
  )
  return (queue) => {
    const own = said.get(queue)
    return own === undefined ? office : capOf((field) => own.get(`retention.${field}`), office)
  }
}
