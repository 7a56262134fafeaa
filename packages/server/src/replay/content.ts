import type { Header } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { decodeHeaders } from '../store/header-list.ts'

/** What of a letter is sent again, and what its new wire says. */
export interface ClaimedLetter {
  readonly key: Buffer | null
  readonly body: Buffer | null
  readonly headers: readonly Header[]
  /** UTF-8 JSON. */
  readonly properties: Buffer | null
  readonly failureHeaders: readonly string[]
  readonly wireId: string | null
  readonly hops: number
  readonly originSystem: string | null
  readonly originPlace: string | null
  readonly originPartition: string | null
  readonly originPosition: string | null
  readonly consumer: string | null
  readonly traceparent: string | null
  readonly timestampMs: number | null
}

/** By letter id; a letter whose row is missing or broken is not in it, so that it cannot hold up the others. */
export async function contentOf(
  client: PoolClient,
  ids: readonly string[],
): Promise<ReadonlyMap<string, ClaimedLetter>> {
  const contents = new Map<string, ClaimedLetter>()
  if (ids.length === 0) return contents
  const { rows } = await client.query<Omit<ClaimedLetter, 'headers'> & { id: string; headers: Buffer }>(
    `select id, key, body, headers, properties, failure_headers as "failureHeaders", wire_id as "wireId", coalesce(hops, 0) as hops,
       origin_system as "originSystem", origin_place as "originPlace", origin_partition as "originPartition",
       origin_position as "originPosition", consumer, traceparent, timestamp_ms::float8 as "timestampMs"
     from letter_content where id = any($1::uuid[])`,
    [ids],
  )
  for (const { id, headers, ...row } of rows) {
    try {
      contents.set(id, { ...row, headers: decodeHeaders(headers) })
    } catch {
      // Told by its absence.
    }
  }
  return contents
}
