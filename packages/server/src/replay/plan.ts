import { randomUUID } from 'node:crypto'
import { type Broker, RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordAudit } from '../audit/index.ts'
import { resolveSelection, type Selection } from '../letters/index.ts'
import { showPlanId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { type Destination, destinationOf } from './destination.ts'
import { digestOfPlan } from './digest.ts'

export interface PlanRequest {
  readonly selection: Selection
  readonly destination: Destination
  /** Letters a second, 1 to 100,000. */
  readonly pace: number
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
  if (!Number.isInteger(request.pace) || request.pace < 1 || request.pace > 100_000) {
    throw new RedriveError('REQUEST_INVALID', 'The pace is a whole number of letters a second, from 1 to 100,000.')
  }
  const id = randomUUID()
  await store.transaction(async (client) => {
    const selected = await resolveSelection(client, request.selection, request.nowMs)
    const skipped = new Map<SkipReason, number>()
    if (selected.missing.length > 0) skipped.set('missing', selected.missing.length)
    await client.query(
      `insert into plan (id, created_by, reason, selection, cutoff, destination, pace, letters, bytes, digest)
       values ($1, $2, $3, $4, $5, $6, $7, 0, 0, '')`,
      [id, request.by, request.reason, request.selection, new Date(request.nowMs), request.destination, request.pace],
    )
    const places = new Map<string, number>()
    let ordinal = 0
    for (let from = 0; from < selected.ids.length; from += pageSize) {
      ordinal = await freeze(client, {
        id,
        request,
        brokers,
        skipped,
        places,
        ordinal,
        ids: selected.ids.slice(from, from + pageSize),
      })
    }
    await seal(client, id, { skipped, places })
    const details = { letters: ordinal, destination: request.destination }
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
  { skipped, places }: Pick<Page, 'skipped' | 'places'>,
): Promise<void> {
  const to = [...places].map(([key, number]) => [number, ...(JSON.parse(key) as [string, string])] as const)
  await client.query(
    `insert into plan_place (plan_id, number, broker, place)
     select $1, p.* from unnest($2::int[], $3::text[], $4::text[]) as p(number, broker, place)`,
    [id, to.map(([number]) => number), to.map(([, broker]) => broker), to.map(([, , place]) => place)],
  )
  await client.query(
    `update plan set digest = $2, skipped = $3,
       (letters, bytes) = (select count(*), coalesce(sum(bytes), 0) from plan_letter where plan_id = $1)
     where id = $1`,
    [id, await digestOfPlan(client, id), Object.fromEntries(skipped)],
  )
}
