import { randomUUID } from 'node:crypto'
import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordAudit } from '../audit/index.ts'
import { resolveSelection, type Selection } from '../letters/index.ts'
import { showPlanId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { cancelledBy } from './cancelled-by.ts'
import { type Control, checkControl } from './control.ts'
import { type Destination, destinationColumns } from './destination.ts'
import { digestOfPlan } from './digest.ts'
import { type Draft, freeze, type Route, type SkipReason } from './freeze.ts'
import { inLineOrder } from './in-line-order.ts'
import { checkLimits, defaultLimits, type Limits } from './limits.ts'
import { misfitsOf } from './misfits.ts'
import { type Sample, sampleOf } from './sample.ts'
import { findSuperseded } from './superseded.ts'
import { type Intake, type PlanningBroker, type Target, targetOf } from './target.ts'

export interface PlanRequest {
  readonly selection: Selection
  readonly destination: Destination
  readonly control: Control
  readonly limits?: Partial<Limits>
  readonly by: string
  readonly reason: string | null
  readonly nowMs: number
  /** What this office captures from: no letter is sent there. */
  readonly intakes?: readonly Intake[]
  /** Ends planning wherever it is; nothing is kept. */
  readonly signal?: AbortSignal
}

/**
 * Freezes a set of letters, each with its revision, the hash of its bytes and its destination, under one digest. Sends nothing: it is
 * given no way to.
 *
 * @param brokers the office's connections by name; they are asked what a chosen place is, and what they can carry
 * @throws REQUEST_INVALID, QUERY_INVALID, NOT_FOUND, BROKER_UNREACHABLE
 */
export async function createPlan(
  store: Store,
  brokers: ReadonlyMap<string, PlanningBroker>,
  request: PlanRequest,
): Promise<string> {
  const route = await routeOf(store, brokers, request)
  return store.transaction((client) =>
    cancelledBy(store, client, {
      signal: request.signal,
      work: async () => (await writePlan(client, brokers, { ...request, route })).id,
    }),
  )
}

/** What a plan came to. */
export interface Written {
  /** UUID. */
  readonly id: string
  readonly letters: number
  readonly skipped: ReadonlyMap<SkipReason, number>
}

/**
 * The same in the caller's transaction, for whoever decides in it. @throws as `createPlan`
 * @param request.route where its letters go: `lane` or `origin` say it, a chosen place was looked up
 */
export async function writePlan(
  client: PoolClient,
  brokers: ReadonlyMap<string, PlanningBroker>,
  request: PlanRequest & { readonly route: Route },
): Promise<Written> {
  const { control, route } = request
  const limits = { ...defaultLimits, ...request.limits }
  checkControl(control)
  checkLimits(limits)
  const id = randomUUID()
  const selected = await resolveSelection(client, request.selection, request.nowMs)
  await insertPlan(client, id, { ...request, limits, route })
  const superseded = await findSuperseded(client, selected.ids, supersededPatienceMs)
  if (superseded === null && limits.skipSuperseded) throw tooManyToCompare()
  const draft: Draft = {
    id,
    route,
    limits,
    nowMs: request.nowMs,
    brokers,
    superseded,
    skipped: new Map(selected.missing.length > 0 ? [['missing', selected.missing.length]] : []),
    places: new Map(),
    queueIds: new Set(),
    strips: new Set(),
    supersededLetters: 0,
    letters: 0,
  }
  await freezeAll(client, draft, { ids: selected.ids, control })
  const details = { letters: draft.letters, destination: request.destination, control, limits }
  await recordAudit(client, {
    actor: request.by,
    action: 'plan.create',
    target: showPlanId(id),
    reason: request.reason,
    details,
  })
  return { id, letters: draft.letters, skipped: draft.skipped }
}

const pageSize = 5_000
const supersededPatienceMs = 20_000
const noSample: Sample = { ids: [], retriedSeconds: null }

async function routeOf(
  store: Store,
  brokers: ReadonlyMap<string, PlanningBroker>,
  { destination, intakes = [] }: PlanRequest,
): Promise<Route> {
  if (typeof destination === 'string') return destination
  const target = await targetOf(store.pool, destination, { brokers, intakes })
  return { target, misfits: misfitsOf(target) }
}

async function insertPlan(
  client: PoolClient,
  id: string,
  request: PlanRequest & { readonly limits: Limits; readonly route: Route },
): Promise<void> {
  const { control, limits, route } = request
  await client.query(
    `insert into plan (id, created_by, reason, selection, cutoff, destination, to_broker, to_place, target, pace, ramp_from, ramp_seconds, halt_rules,
       max_hops, beyond_cap, skip_superseded, with_held, letters, bytes, digest)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 0, 0, '')`,
    [
      id,
      request.by,
      request.reason,
      request.selection,
      new Date(request.nowMs),
      ...destinationColumns(request.destination),
      typeof route === 'string' ? null : toldOf(route.target),
      control.pace,
      control.rampFrom ?? Math.max(1, Math.floor(control.pace / 10)),
      control.rampSeconds,
      control.halt,
      limits.maxHops,
      limits.beyondCap,
      limits.skipSuperseded,
      limits.withHeld,
    ],
  )
}

function toldOf({ system, consumers, facts }: Target): string {
  return JSON.stringify({ system, consumers, facts })
}

/** The canary first, then the others, oldest first; letters of one line always in its order. */
async function freezeAll(
  client: PoolClient,
  draft: Draft,
  { ids, control }: { readonly ids: readonly string[]; readonly control: Control },
): Promise<void> {
  const sample =
    control.canary > 0 && ids.length > control.canary ? await sampleOf(client, ids, control.canary) : noSample
  const sampled = new Set(sample.ids)
  const rest = sampled.size === 0 ? ids : ids.filter((letter) => !sampled.has(letter))
  const ordered = await inLineOrder(client, [...sample.ids, ...rest])
  const first = sample.ids.length
  await freeze(client, draft, ordered.slice(0, first))
  for (let from = first; from < ordered.length; from += pageSize)
    await freeze(client, draft, ordered.slice(from, from + pageSize))
  await seal(client, draft, {
    // Where some of the sample may not be sent, the oldest of the others stand in for them.
    canary: draft.letters > control.canary ? control.canary : 0,
    verdictSeconds: control.verdictSeconds ?? patienceFor(sample),
  })
}

/** As long as its consumer's own retries may take once more, and half of that. */
function patienceFor({ retriedSeconds }: Sample): number {
  return Math.min(3_600, Math.max(60, Math.ceil((retriedSeconds ?? 0) * 1.5) + 30))
}

function tooManyToCompare(): RedriveError {
  return new RedriveError('REQUEST_INVALID', 'There are too many letters to find out which are superseded.', {
    hint: 'Narrow the selection to newer letters, for example by age:<2d, or plan without --skip-superseded.',
  })
}

async function seal(
  client: PoolClient,
  draft: Draft,
  { canary, verdictSeconds }: { readonly canary: number; readonly verdictSeconds: number },
): Promise<void> {
  const { id } = draft
  const to = [...draft.places].map(
    ([key, number]) => [number, ...(JSON.parse(key) as [string, string, string | null])] as const,
  )
  await client.query(
    `insert into plan_place (plan_id, number, broker, place, redirect)
     select $1, p.* from unnest($2::int[], $3::text[], $4::text[], $5::text[]) as p(number, broker, place, redirect)`,
    [id, ...([0, 1, 2, 3] as const).map((column) => to.map((row) => row[column]))],
  )
  await client.query(
    `update plan set skipped = $2, canary = $3, verdict_seconds = $4, superseded = $5, strips = $6, listeners = $7, changes = $8,
       (letters, bytes) = (select count(*), coalesce(sum(bytes), 0) from plan_letter where plan_id = $1)
     where id = $1`,
    [
      id,
      Object.fromEntries(draft.skipped),
      canary,
      verdictSeconds,
      draft.superseded === null ? null : draft.supersededLetters,
      [...draft.strips].toSorted(),
      JSON.stringify(draft.route === 'origin' ? await listenersOf(client, [...draft.queueIds]) : []),
      JSON.stringify(typeof draft.route === 'string' ? [] : draft.route.misfits.changes()),
    ],
  )
  await client.query('update plan set digest = $2 where id = $1', [id, await digestOfPlan(client, id)])
}

/** Consumers whose letters were captured, by queue, 20 at most: who else reads there only its broker knows. */
async function listenersOf(
  client: PoolClient,
  queueIds: readonly number[],
): Promise<readonly { readonly queue: string; readonly consumers: readonly string[] }[]> {
  const { rows } = await client.query<{ queue: string; consumers: string[] }>(
    `select q.name as queue, (array_agg(distinct c.consumer order by c.consumer))[1:20] as consumers
     from cause c join queue q on q.id = c.queue_id where q.id = any($1::int[]) and c.consumer is not null group by 1 order by 1`,
    [queueIds],
  )
  return rows
}
