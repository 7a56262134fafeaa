import { randomUUID } from 'node:crypto'
import { type Broker, RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordAudit } from '../audit/index.ts'
import { resolveSelection, type Selection } from '../letters/index.ts'
import { showPlanId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { type Control, checkControl } from './control.ts'
import { type Destination, destinationOf } from './destination.ts'
import { digestOfPlan } from './digest.ts'
import { type Sample, sampleOf } from './sample.ts'

export interface PlanRequest {
  readonly selection: Selection
  readonly destination: Destination
  readonly control: Control
  readonly by: string
  readonly reason: string | null
  readonly nowMs: number
}

/** Why letters of the selection are not in the plan. */
export type SkipReason = 'not-open' | 'missing' | 'no-lane' | 'origin-unknown' | 'no-broker'

/**
 * Freezes a set of letters, each with its revision, the hash of its bytes and its destination, under one digest. Sends nothing: it is
 * given no way to.
 *
 * @param brokers the office's connections by name; only their capabilities are read
 * @throws REQUEST_INVALID, QUERY_INVALID, NOT_FOUND
 */
export async function createPlan(
  store: Store,
  brokers: ReadonlyMap<string, Pick<Broker, 'capabilities'>>,
  request: PlanRequest,
): Promise<string> {
  const { control } = request
  checkControl(control)
  const id = randomUUID()
  await store.transaction(async (client) => {
    const selected = await resolveSelection(client, request.selection, request.nowMs)
    const skipped = new Map<SkipReason, number>()
    if (selected.missing.length > 0) skipped.set('missing', selected.missing.length)
    await client.query(
      `insert into plan (id, created_by, reason, selection, cutoff, destination, pace, ramp_from, ramp_seconds, halt_rules, letters, bytes, digest)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0, '')`,
      [
        id,
        request.by,
        request.reason,
        request.selection,
        new Date(request.nowMs),
        request.destination,
        control.pace,
        control.rampFrom ?? Math.max(1, Math.floor(control.pace / 10)),
        control.rampSeconds,
        control.halt,
      ],
    )
    const places = new Map<string, number>()
    const sample =
      control.canary > 0 && selected.ids.length > control.canary
        ? await sampleOf(client, selected.ids, control.canary)
        : noSample
    const sampled = new Set(sample.ids)
    const rest = sampled.size === 0 ? selected.ids : selected.ids.filter((letter) => !sampled.has(letter))
    const draft = { id, request, brokers, skipped, places }
    const canary = await freeze(client, { ...draft, ordinal: 0, ids: sample.ids })
    let ordinal = canary
    for (let from = 0; from < rest.length; from += pageSize)
      ordinal = await freeze(client, { ...draft, ordinal, ids: rest.slice(from, from + pageSize) })
    await seal(client, id, {
      skipped,
      places,
      canary: canary < ordinal ? canary : 0,
      verdictSeconds: control.verdictSeconds ?? patienceFor(sample),
    })
    const details = { letters: ordinal, destination: request.destination, control }
    await recordAudit(client, {
      actor: request.by,
      action: 'plan.create',
      target: showPlanId(id),
      reason: request.reason,
      details,
    })
  })
  return id
}

const pageSize = 5_000
const noSample: Sample = { ids: [], retriedSeconds: null }

/** As long as its consumer's own retries may take once more, and half of that. */
function patienceFor({ retriedSeconds }: Sample): number {
  return Math.min(3_600, Math.max(60, Math.ceil((retriedSeconds ?? 0) * 1.5) + 30))
}

interface Page {
  readonly id: string
  readonly request: PlanRequest
  readonly brokers: ReadonlyMap<string, Pick<Broker, 'capabilities'>>
  readonly skipped: Map<SkipReason, number>
  /** `[broker, place]` as JSON → its number, from 0. */
  readonly places: Map<string, number>
  readonly ordinal: number
  readonly ids: readonly string[]
}

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
}

async function freeze(client: PoolClient, page: Page): Promise<number> {
  const { rows } = await client.query<Candidate>(
    `select l.id, l.state, l.revision, l.version, c.body_sha256, c.bytes, s.broker, c.origin_place, c.consumer, 'redrive' = any(c.readers) as ours
     from letter l join letter_content c on c.id = l.id join source s on s.id = l.source_id
     where l.id = any($1::uuid[]) and c.id = any($1::uuid[]) order by l.id`,
    [page.ids],
  )
  const chosen: (Candidate & { readonly place: string })[] = []
  for (const row of rows) {
    const verdict = verdictOn(row, page)
    if ('place' in verdict) chosen.push({ ...row, place: verdict.place })
    else page.skipped.set(verdict.skip, (page.skipped.get(verdict.skip) ?? 0) + 1)
  }
  await client.query(
    `insert into plan_letter (plan_id, ordinal, letter_id, revision, version, body_sha256, place, bytes)
     select $1, $2 + row_number() over (order by letter_id) - 1, letter_id, revision, version, body_sha256, place, bytes
     from unnest($3::uuid[], $4::int[], $5::int[], $6::bytea[], $7::int[], $8::int[]) as row(letter_id, revision, version, body_sha256, place, bytes)`,
    [
      page.id,
      page.ordinal,
      chosen.map(({ id }) => id),
      chosen.map(({ revision }) => revision),
      chosen.map(({ version }) => version),
      chosen.map(({ body_sha256: hash }) => hash),
      chosen.map(({ broker, place }) => numberOf(page.places, { broker, place })),
      chosen.map(({ bytes }) => bytes),
    ],
  )
  return page.ordinal + chosen.length
}

function verdictOn(row: Candidate, page: Page): { readonly place: string } | { readonly skip: SkipReason } {
  if (row.state !== 'open') return { skip: 'not-open' }
  const broker = page.brokers.get(row.broker)
  if (broker === undefined) return { skip: 'no-broker' }
  const nativeDelay = broker.capabilities.nativeDelay !== false
  return destinationOf(
    { broker: row.broker, originPlace: row.origin_place, consumer: row.consumer, ours: row.ours, nativeDelay },
    page.request.destination,
  )
}

function numberOf(places: Map<string, number>, to: { readonly broker: string; readonly place: string }): number {
  const key = JSON.stringify([to.broker, to.place])
  const number = places.get(key) ?? places.size
  places.set(key, number)
  return number
}

async function seal(
  client: PoolClient,
  id: string,
  sealed: Pick<Page, 'skipped' | 'places'> & { readonly canary: number; readonly verdictSeconds: number },
): Promise<void> {
  const { skipped, places, canary, verdictSeconds } = sealed
  const to = [...places].map(([key, number]) => [number, ...(JSON.parse(key) as [string, string])] as const)
  await client.query(
    `insert into plan_place (plan_id, number, broker, place)
     select $1, p.* from unnest($2::int[], $3::text[], $4::text[]) as p(number, broker, place)`,
    [id, to.map(([number]) => number), to.map(([, broker]) => broker), to.map(([, , place]) => place)],
  )
  await client.query(
    `update plan set skipped = $2, canary = $3, verdict_seconds = $4,
       (letters, bytes) = (select count(*), coalesce(sum(bytes), 0) from plan_letter where plan_id = $1)
     where id = $1`,
    [id, Object.fromEntries(skipped), canary, verdictSeconds],
  )
  await client.query('update plan set digest = $2 where id = $1', [id, await digestOfPlan(client, id)])
}
