import { type Tier, tiers } from '@redrive/worker'
import type { Pool, PoolClient } from 'pg'
import { queueFields } from '../config/index.ts'

/** What counts for one field, and where it comes from. */
export interface Said {
  readonly value: string
  readonly origin: 'file' | 'api'
  /** The file and its line, or who set it. */
  readonly by: string
  readonly at: string
}

export interface SaidOfTier {
  /** The tier's own, or else the queue's. */
  readonly owner: Said | null
  readonly urgency: Said | null
  readonly process: Said | null
}

/** What is known of a queue: the file's word where it speaks, else what was set by API. */
export interface SaidOfQueue {
  /** By `queueFields`. */
  readonly document: Readonly<Record<string, Said | null>>
  readonly tiers: Readonly<Record<Tier, SaidOfTier>>
}

export interface SaidRow {
  readonly queue: string
  readonly field: string
  readonly origin: 'file' | 'api'
  readonly value: string
  readonly said_by: string
  readonly said_at: Date
}

/** By the queues' names; those of which nothing is said are left out. */
export async function saidOf(
  client: Pool | PoolClient,
  queues: readonly string[],
): Promise<ReadonlyMap<string, SaidOfQueue>> {
  const { rows } = await client.query<SaidRow>(
    'select queue, field, origin, value, said_by, said_at from queue_document where queue = any($1)',
    [queues],
  )
  return new Map([...Map.groupBy(rows, ({ queue }) => queue)].map(([queue, own]) => [queue, merged(own)]))
}

/** Of rows of one queue: the file before the API, field by field. */
export function merged(rows: readonly SaidRow[]): SaidOfQueue {
  const of = (field: string): Said | null => {
    const own = rows.filter((row) => row.field === field)
    const row = own.find(({ origin }) => origin === 'file') ?? own[0]
    if (row === undefined) return null
    return { value: row.value, origin: row.origin, by: row.said_by, at: row.said_at.toISOString() }
  }
  const owner = of('owner')
  return {
    document: Object.fromEntries(queueFields.map((field) => [field, of(field)])),
    tiers: Object.fromEntries(
      tiers.map((tier) => [
        tier,
        {
          owner: of(`tiers.${tier}.owner`) ?? owner,
          urgency: of(`tiers.${tier}.urgency`),
          process: of(`tiers.${tier}.process`),
        },
      ]),
    ) as unknown as SaidOfQueue['tiers'],
  }
}

export const nothingSaid: SaidOfQueue = merged([])
