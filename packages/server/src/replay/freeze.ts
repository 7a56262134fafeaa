import type { PoolClient } from 'pg'
import { CopyRows, sendRows } from '../store/copy-binary.ts'
import { currentContent } from '../store/letter-versions.ts'
import { uuidBytes } from '../store/uuid.ts'
import { destinationOf } from './destination.ts'
import { thoseInLine } from './in-line-order.ts'
import { heldBack, type Limits } from './limits.ts'
import type { Misfits } from './misfits.ts'
import { isIncomplete, type RedactionRow, redactionColumns } from './redacted.ts'
import type { Superseded } from './superseded.ts'
import type { PlanningBroker, Target } from './target.ts'

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
  | 'header-twice'
  | 'in-line'
  | 'redacted'

/** By their own lane or origin, or all to one place. */
export type Route = 'lane' | 'origin' | { readonly target: Target; readonly misfits: Misfits }

/** What a plan comes to, while its letters are frozen page by page. */
export interface Draft {
  /** UUID. */
  readonly id: string
  readonly route: Route
  readonly limits: Limits
  readonly nowMs: number
  readonly brokers: ReadonlyMap<string, PlanningBroker>
  /** `null`: not known. */
  readonly superseded: Superseded | null
  readonly skipped: Map<SkipReason, number>
  /** `[broker, place, redirect]` as JSON → its number, from 0. */
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
    `select l.id, l.state, l.revision, l.version, ${current.bodySha256} as body_sha256, ${current.bytes} as bytes, s.broker, s.system, c.origin_place, c.consumer, 'redrive' = any(c.readers) as ours,
       c.hops, c.replay_id is not null as is_returned, extract(epoch from uuid_extract_timestamp(l.id))::float8 * 1000 as captured_at_ms,
       l.queue_id, c.failure_headers, ${redactionColumns(current)}
     from letter l join letter_content c on c.id = l.id ${current.join} join source s on s.id = l.source_id
     where l.id = any($1::uuid[]) and c.id = any($1::uuid[])`,
    [ids],
  )
  const order = new Map(ids.map((id, at) => [id, at]))
  rows.sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0))
  const superseded = (await draft.superseded?.of(ids)) ?? noIds
  const planId = uuidBytes(draft.id)
  const skip = (reason: SkipReason): unknown => draft.skipped.set(reason, (draft.skipped.get(reason) ?? 0) + 1)
  const fit: { readonly row: Candidate; readonly to: Planned }[] = []
  for (const row of rows) {
    const verdict = verdictOn(row, draft, superseded)
    if ('skip' in verdict) skip(verdict.skip)
    else fit.push({ row, to: verdict })
  }
  const unfit = await unfitOf(client, draft, fit)
  const chosen = fit.filter(({ row }) => !unfit.has(row.id))
  for (const reason of unfit.values()) skip(reason)
  for (const { row } of chosen) note(draft, row, superseded)
  const letters = new CopyRows()
  chosen.forEach(({ row, to }, index) => {
    letters.row(letterColumns.length)
    letters.uuid(planId)
    letters.int4(draft.letters + index)
    letters.uuid(uuidBytes(row.id))
    letters.int4(row.revision)
    letters.int4(row.version)
    letters.bytes(row.body_sha256)
    letters.int4(numberOf(draft.places, to))
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

interface Candidate extends RedactionRow {
  readonly id: string
  readonly state: string
  readonly revision: number
  readonly version: number
  readonly body_sha256: Buffer
  readonly bytes: number
  readonly broker: string
  readonly system: string
  readonly origin_place: string | null
  readonly consumer: string | null
  readonly ours: boolean
  readonly hops: number | null
  readonly is_returned: boolean
  readonly captured_at_ms: number
  readonly queue_id: number
  readonly failure_headers: readonly string[]
}

interface Planned {
  readonly broker: string
  readonly place: string
  /** As in `plan_place`. */
  readonly redirect: 'same' | 'foreign' | null
}

function verdictOn(
  row: Candidate,
  draft: Draft,
  superseded: ReadonlySet<string>,
): Planned | { readonly skip: SkipReason } {
  if (row.state === 'held' && !draft.limits.withHeld) return { skip: 'held' }
  if (row.state !== 'open' && row.state !== 'held') return { skip: 'not-open' }
  const to = routed(row, draft)
  if ('skip' in to && to.skip === 'no-broker') return to
  const lineage = { hops: row.hops, isReturned: row.is_returned, capturedAtMs: row.captured_at_ms }
  if (isIncomplete(row)) return { skip: 'redacted' }
  const skip = heldBack(lineage, { ...draft.limits, nowMs: draft.nowMs })
  if (skip !== null) return { skip }
  if (draft.limits.skipSuperseded && superseded.has(row.id)) return { skip: 'superseded' }
  return to
}

function routed(row: Candidate, { route, brokers }: Draft): Planned | { readonly skip: SkipReason } {
  if (typeof route === 'object') {
    const { broker, place, system } = route.target
    return { broker, place, redirect: row.system === system ? 'same' : 'foreign' }
  }
  const broker = brokers.get(row.broker)
  if (broker === undefined) return { skip: 'no-broker' }
  const nativeDelay = broker.capabilities.nativeDelay !== false
  const to = destinationOf(
    { broker: row.broker, originPlace: row.origin_place, consumer: row.consumer, ours: row.ours, nativeDelay },
    route,
  )
  return 'skip' in to ? to : { broker: row.broker, place: to.place, redirect: null }
}

/** Letters that the system of the chosen place cannot carry at all; notes what of the others it cannot. */
/** Those that cannot go to a place that somebody chose. */
async function unfitOf(
  client: PoolClient,
  { route }: Draft,
  fit: readonly { readonly row: Candidate; readonly to: Planned }[],
): Promise<ReadonlyMap<string, SkipReason>> {
  const unfit = new Map<string, SkipReason>()
  if (typeof route === 'string' || fit.length === 0) return unfit
  const ids = fit.map(({ row }) => row.id)
  // The worker that keeps its line would wait for it for ever.
  for (const id of await thoseInLine(client, ids)) unfit.set(id, 'in-line')
  const foreign = fit.flatMap(({ row, to }) => (to.redirect === 'foreign' && !unfit.has(row.id) ? [row.id] : []))
  if (foreign.length > 0) for (const id of await route.misfits.note(client, foreign)) unfit.set(id, 'header-twice')
  return unfit
}

function note(draft: Draft, row: Candidate, superseded: ReadonlySet<string>): void {
  draft.queueIds.add(row.queue_id)
  if (superseded.has(row.id)) draft.supersededLetters += 1
  for (const name of row.failure_headers) {
    if (draft.strips.size >= maxStrips) return
    draft.strips.add(name.slice(0, maxStripLength))
  }
}

function numberOf(places: Map<string, number>, { broker, place, redirect }: Planned): number {
  const key = JSON.stringify([broker, place, redirect])
  const number = places.get(key) ?? places.size
  places.set(key, number)
  return number
}
