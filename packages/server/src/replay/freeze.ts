import type { Broker } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { CopyRows, sendRows } from '../store/copy-binary.ts'
import { currentContent } from '../store/letter-versions.ts'
import { uuidBytes } from '../store/uuid.ts'
import { type Destination, destinationOf } from './destination.ts'
import { heldBack, type Limits } from './limits.ts'
import type { Superseded } from './superseded.ts'

const current = currentContent({ letterId: 'l.id', version: 'l.version' })

/** Why letters of the selection are not in the plan. */
export type SkipReason =
  | 'not-open'
  | 'held'
  | 'missing'
  | 'no-lane'
  | 'origin-unknown'
  | 'no-broker'
  | 'over-cap'
  | 'too-soon'
  | 'superseded'

/** What a plan comes to, while its letters are frozen page by page. */
export interface Draft {
  /** UUID. */
  readonly id: string
  readonly destination: Destination
  readonly limits: Limits
  readonly nowMs: number
  readonly brokers: ReadonlyMap<string, Pick<Broker, 'capabilities'>>
  /** `null`: not known. */
  readonly superseded: Superseded | null
  readonly skipped: Map<SkipReason, number>
  /** `[broker, place]` as JSON → its number, from 0. */
  readonly places: Map<string, number>
  readonly queueIds: Set<number>
  /** Headers that are not sent again, as far as they are noted. */
  readonly strips: Set<string>
  supersededLetters: number
  letters: number
}

/** Freezes the letters of a page that may be sent, in its order; counts the others by why. */
export async function freeze(client: PoolClient, draft: Draft, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  const { rows } = await client.query<Candidate>(
    `select l.id, l.state, l.revision, l.version, ${current.bodySha256} as body_sha256, ${current.bytes} as bytes, s.broker, c.origin_place, c.consumer, 'redrive' = any(c.readers) as ours,
       c.hops, c.replay_id is not null as is_returned, extract(epoch from uuid_extract_timestamp(l.id))::float8 * 1000 as captured_at_ms,
       l.queue_id, c.failure_headers
     from letter l join letter_content c on c.id = l.id ${current.join} join source s on s.id = l.source_id
     where l.id = any($1::uuid[]) and c.id = any($1::uuid[])`,
    [ids],
  )
  const order = new Map(ids.map((id, at) => [id, at]))
  rows.sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0))
  const superseded = (await draft.superseded?.of(ids)) ?? noIds
  const planId = uuidBytes(draft.id)
  const chosen: (Candidate & { readonly place: string })[] = []
  for (const row of rows) {
    const verdict = verdictOn(row, draft, superseded)
    if ('skip' in verdict) draft.skipped.set(verdict.skip, (draft.skipped.get(verdict.skip) ?? 0) + 1)
    else {
      chosen.push({ ...row, place: verdict.place })
      note(draft, row, superseded)
    }
  }
  const letters = new CopyRows()
  chosen.forEach((row, index) => {
    letters.row(letterColumns.length)
    letters.uuid(planId)
    letters.int4(draft.letters + index)
    letters.uuid(uuidBytes(row.id))
    letters.int4(row.revision)
    letters.int4(row.version)
    letters.bytes(row.body_sha256)
    letters.int4(numberOf(draft.places, row))
    letters.int4(row.bytes)
  })
  if (chosen.length > 0) await sendRows(client, [{ rows: letters, table: 'plan_letter', columns: letterColumns }])
  draft.letters += chosen.length
}

const letterColumns = [
  'plan_id',
  'ordinal',
  'letter_id',
  'revision',
  'version',
  'body_sha256',
  'place',
  'bytes',
] as const
const noIds: ReadonlySet<string> = new Set()
/** Names are as long and as many as whoever wrote the letters liked. */
const maxStrips = 30
const maxStripLength = 200

interface Candidate {
  readonly id: string
  readonly state: string
  readonly revision: number
  readonly version: number
  readonly body_sha256: Buffer
  readonly bytes: number
  readonly broker: string
  readonly origin_place: string | null
  readonly consumer: string | null
  readonly ours: boolean
  readonly hops: number | null
  readonly is_returned: boolean
  readonly captured_at_ms: number
  readonly queue_id: number
  readonly failure_headers: readonly string[]
}

function verdictOn(
  row: Candidate,
  draft: Draft,
  superseded: ReadonlySet<string>,
): { readonly place: string } | { readonly skip: SkipReason } {
  if (row.state === 'held' && !draft.limits.withHeld) return { skip: 'held' }
  if (row.state !== 'open' && row.state !== 'held') return { skip: 'not-open' }
  const broker = draft.brokers.get(row.broker)
  if (broker === undefined) return { skip: 'no-broker' }
  const lineage = { hops: row.hops, isReturned: row.is_returned, capturedAtMs: row.captured_at_ms }
  const skip = heldBack(lineage, { ...draft.limits, nowMs: draft.nowMs })
  if (skip !== null) return { skip }
  if (draft.limits.skipSuperseded && superseded.has(row.id)) return { skip: 'superseded' }
  const nativeDelay = broker.capabilities.nativeDelay !== false
  return destinationOf(
    { broker: row.broker, originPlace: row.origin_place, consumer: row.consumer, ours: row.ours, nativeDelay },
    draft.destination,
  )
}

function note(draft: Draft, row: Candidate, superseded: ReadonlySet<string>): void {
  draft.queueIds.add(row.queue_id)
  if (superseded.has(row.id)) draft.supersededLetters += 1
  for (const name of row.failure_headers) {
    if (draft.strips.size >= maxStrips) return
    draft.strips.add(name.slice(0, maxStripLength))
  }
}

function numberOf(places: Map<string, number>, to: { readonly broker: string; readonly place: string }): number {
  const key = JSON.stringify([to.broker, to.place])
  const number = places.get(key) ?? places.size
  places.set(key, number)
  return number
}
