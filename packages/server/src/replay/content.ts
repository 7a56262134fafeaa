import type { LinePlace } from '@redrive/worker'
import { mapInSlices } from '../in-slices.ts'
import { copyOut, type RowFields } from '../store/copy-out.ts'
import { decodeHeaders } from '../store/header-list.ts'
import { currentContent } from '../store/letter-versions.ts'
import type { Store } from '../store/store.ts'
import type { Lease } from './claim.ts'
import type { Claimed, ClaimedLetter, Intent } from './claimed.ts'
import { replayIdOf } from './replay-id.ts'

const current = currentContent({ letterId: 'l.letter_id', version: 'l.version' })

const readOnly = { readOnly: true } as const

/** Read at a time, before something else has its turn. */
const slice = 100

/**
 * The letters of an intent, in order: they are `replaying` since the start of the run, so they are as they were agreed to. One whose row is missing
 * or broken comes without its bytes, so that it cannot hold up the others.
 */
export async function lettersOf(
  store: Store,
  { runId, planId }: Pick<Lease, 'runId' | 'planId'>,
  { fromOrdinal, toOrdinal }: Intent,
): Promise<readonly Claimed[]> {
  const { places, rows } = await store.transaction(async (client) => {
    const places = await client.query<Pick<Claimed, 'broker' | 'place' | 'redirect'>>({
      name: 'places-of-plan',
      text: 'select broker, place, redirect from plan_place where plan_id = $1 order by number',
      values: [planId],
    })
    const rows = await copyOut(
      client,
      `copy (
         select l.ordinal, l.letter_id, l.place, l.body_sha256, ${current.isThere}, ${current.key}, ${current.body}, ${current.headers}, c.properties, c.failure_headers,
           c.wire_id, c.hops, c.origin_system, c.origin_place, c.origin_partition, c.origin_position, c.consumer, c.traceparent, c.timestamp_ms,
           exists (select from possible_duplicate d where d.letter_id = l.letter_id),
           k.key as line_key, h.at as line_at
         from plan_letter l left join letter_content c on c.id = l.letter_id ${current.join}
           left join letter_line h on h.letter_id = l.letter_id left join key_line k on k.id = h.line_id
         where l.plan_id = '${planId}' and l.ordinal >= ${fromOrdinal} and l.ordinal < ${toOrdinal} order by l.ordinal
       ) to stdout (format binary)`,
    )
    return { places: places.rows, rows }
  }, readOnly)
  return mapInSlices(rows, slice, (row) => {
    const attemptId = replayIdOf(runId, row.int4() ?? 0)
    const letterId = row.uuid()
    const to = places[row.int4() ?? 0]
    const bodySha256 = row.bytes() ?? nothing
    const letter = row.bytes()?.[0] === 1 ? readContent(row) : null
    return { attemptId, letterId, ...(to ?? nowhere), bodySha256, letter }
  })
}

const nothing = Buffer.alloc(0)
const nowhere = { broker: '', place: '', redirect: null } as const

function readContent(row: RowFields): ClaimedLetter | null {
  const key = row.bytes()
  const body = row.bytes()
  const headers = row.bytes()
  const letter = {
    key,
    body,
    properties: row.bytes(),
    failureHeaders: row.texts(),
    wireId: row.text(),
    hops: row.int4() ?? 0,
    originSystem: row.text(),
    originPlace: row.text(),
    originPartition: row.text(),
    originPosition: row.text(),
    consumer: row.text(),
    traceparent: row.text(),
    timestampMs: numberOrNull(row.int8()),
    mayBeDuplicate: row.bytes()?.[0] === 1,
    line: lineOf(row.text(), numberOrNull(row.int8())),
  }
  try {
    return { ...letter, headers: decodeHeaders(headers ?? nothing) }
  } catch {
    return null
  }
}

function lineOf(key: string | null, at: number | null): LinePlace | null {
  return key === null || at === null ? null : { key, at, behind: null }
}

function numberOrNull(value: bigint | null): number | null {
  return value === null ? null : Number(value)
}
