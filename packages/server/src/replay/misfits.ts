import { type Header, stackHeader, wireHeader } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { decodeHeaders } from '../store/header-list.ts'
import { currentContent } from '../store/letter-versions.ts'
import type { Target } from './target.ts'

/** Something of letters that the destination's system cannot carry as it was. */
export interface Change {
  /**
   * `partition`: where it was in its own system is not kept. `property`: a setting of its own system, of that name, is not sent. `…-aside`: it travels
   * where only our adapter looks. The others are lost, or not sent by a broker that finds them too large.
   */
  readonly what:
    | 'partition'
    | 'property'
    | 'key-aside'
    | 'null-body-aside'
    | 'headers-aside'
    | 'header-order'
    | 'header-null'
    | 'header-type'
    | 'milliseconds'
    | 'too-large'
  readonly name: string | null
  readonly letters: number
}

/** Counts what does not fit, over all pages of a plan. */
export interface Misfits {
  /**
   * @param ids UUIDs; only those of another system are looked at
   * @returns those that cannot be sent there at all
   */
  note(client: PoolClient, ids: readonly string[]): Promise<ReadonlySet<string>>
  changes(): readonly Change[]
}

const current = currentContent({ letterId: 'l.id', version: 'l.version' })
/** Names are as long and as many as whoever wrote the letters liked. */
const maxNames = 30
const maxNameLength = 200

export function misfitsOf({ system, capabilities }: Target): Misfits {
  const counts = new Map<string, number>()
  let names = 0
  const count = (what: Change['what'], name: string | null = null): void => {
    const key = JSON.stringify([what, name])
    if (name !== null && !counts.has(key) && (names += 1) > maxNames) return
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const { misfits = {}, headers: carried, maxBytes, maxHeaderBytes } = capabilities

  const noteOne = (row: Row): boolean => {
    const headers = sentHeaders(row)
    if (!carried.duplicates && new Set(headers.map(({ name }) => name)).size < headers.length) return false
    if (row.origin_partition !== null) count('partition')
    if (misfits.key !== undefined && row.has_key) count('key-aside')
    if (misfits.nullBody !== undefined && row.is_null) count('null-body-aside')
    if (misfits.headers !== undefined && headers.length > 0) count('headers-aside')
    if (!carried.order && headers.length > 1) count('header-order')
    if (!carried.nulls && headers.some(({ value }) => value === null)) count('header-null')
    if (misfits.headerTypes !== undefined && headers.some(({ type }) => type === 'json')) count('header-type')
    if (misfits.milliseconds !== undefined && row.timestamp_ms !== null && BigInt(row.timestamp_ms) % 1_000n !== 0n)
      count('milliseconds')
    if (row.bytes > maxBytes || bytesOf(headers) > maxHeaderBytes) count('too-large')
    for (const name of propertyNames(row.properties)) count('property', name.slice(0, maxNameLength))
    return true
  }

  return {
    async note(client, ids) {
      const { rows } = await client.query<Row>(
        `select l.id, ${current.key} is not null as has_key, ${current.body} is null as is_null, ${current.headers} as headers, ${current.bytes} as bytes,
           c.failure_headers, c.properties, c.timestamp_ms, c.origin_partition
         from letter l join letter_content c on c.id = l.id ${current.join} join source s on s.id = l.source_id
         where l.id = any($1::uuid[]) and c.id = any($1::uuid[]) and s.system <> $2`,
        [ids, system],
      )
      return new Set(rows.flatMap((row) => (noteOne(row) ? [] : [row.id])))
    },
    changes: () =>
      [...counts]
        .map(([key, letters]) => {
          const [what, name] = JSON.parse(key) as [Change['what'], string | null]
          return { what, name, letters }
        })
        .toSorted((a, b) => b.letters - a.letters || (a.what < b.what ? -1 : 1)),
  }
}

interface Row {
  readonly id: string
  readonly has_key: boolean
  readonly is_null: boolean
  readonly headers: Buffer | null
  readonly bytes: number
  readonly failure_headers: readonly string[]
  readonly properties: Buffer | null
  readonly timestamp_ms: string | null
  readonly origin_partition: string | null
}

/** Those that are broken come to light when they are sent. */
function sentHeaders({ headers, failure_headers }: Row): readonly Header[] {
  const dropped = new Set([...failure_headers, wireHeader, stackHeader])
  try {
    return headers === null ? [] : decodeHeaders(headers).filter(({ name }) => !dropped.has(name))
  } catch {
    return []
  }
}

function bytesOf(headers: readonly Header[]): number {
  return headers.reduce((sum, { name, value }) => sum + Buffer.byteLength(name) + (value?.byteLength ?? 0), 0)
}

function propertyNames(properties: Buffer | null): readonly string[] {
  if (properties === null) return []
  try {
    const parsed: unknown = JSON.parse(properties.toString('utf8'))
    return typeof parsed === 'object' && parsed !== null ? Object.keys(parsed) : []
  } catch {
    return []
  }
}
