import { RedriveError } from '@redrive/worker'
import { showPlanId, showRunId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import type { Destination } from './destination.ts'

export interface PlanView {
  readonly id: string
  readonly createdAt: string
  readonly createdBy: string
  readonly reason: string | null
  readonly selection: unknown
  readonly cutoff: string
  readonly destination: Destination
  readonly pace: number
  readonly letters: number
  readonly bytes: number
  readonly expectedSeconds: number
  readonly oldestCapturedAt: string | null
  /** Letters of the selection that are not in the plan, by reason. */
  readonly skipped: Readonly<Record<string, number>>
  readonly places: readonly { readonly broker: string; readonly place: string; readonly letters: number }[]
  readonly queues: readonly { readonly queue: string; readonly letters: number }[]
  readonly digest: string
  readonly run: string | null
}

export interface RunView {
  readonly id: string
  readonly plan: string
  readonly state: 'running' | 'done' | 'failed'
  readonly startedBy: string
  readonly startedAt: string
  readonly finishedAt: string | null
  readonly planned: number
  /** Letters looked at so far. */
  readonly progressed: number
  /** Changed since the plan was made, and so left alone. */
  readonly skipped: number
  readonly sends: {
    readonly intended: number
    readonly sent: number
    readonly notSent: number
    readonly uncertain: number
  }
  readonly outcomes: {
    readonly pending: number
    readonly confirmed: number
    readonly returned: number
    readonly presumed: number
    readonly unknown: number
  }
}

/** @param id UUID. @throws NOT_FOUND */
export async function showPlan(store: Store, id: string): Promise<PlanView> {
  const { rows } = await store.pool.query(
    `select plan.*, run.id as run_id,
       (select uuid_extract_timestamp(letter_id) from plan_letter where plan_id = plan.id order by ordinal limit 1) as oldest
     from plan left join run on run.plan_id = plan.id where plan.id = $1`,
    [id],
  )
  const plan = rows[0]
  if (plan === undefined)
    throw new RedriveError('NOT_FOUND', 'There is no such plan.', { hint: 'Make one: redrive replay plan …' })
  const places = await store.pool.query<{ broker: string; place: string; letters: number }>(
    'select broker, place, count(*)::int as letters from plan_letter where plan_id = $1 group by 1, 2 order by 3 desc, 2',
    [id],
  )
  const queues = await store.pool.query<{ queue: string; letters: number }>(
    `select q.name as queue, count(*)::int as letters from plan_letter pl join letter l on l.id = pl.letter_id join queue q on q.id = l.queue_id
     where pl.plan_id = $1 group by 1 order by 2 desc, 1`,
    [id],
  )
  return {
    id: showPlanId(plan.id),
    createdAt: plan.created_at.toISOString(),
    createdBy: plan.created_by,
    reason: plan.reason,
    selection: plan.selection,
    cutoff: plan.cutoff.toISOString(),
    destination: plan.destination,
    pace: plan.pace,
    letters: plan.letters,
    bytes: Number(plan.bytes),
    expectedSeconds: Math.ceil(plan.letters / plan.pace),
    oldestCapturedAt: plan.oldest?.toISOString() ?? null,
    skipped: plan.skipped,
    places: places.rows,
    queues: queues.rows,
    digest: plan.digest.toString('hex'),
    run: plan.run_id === null ? null : showRunId(plan.run_id),
  }
}

/** @param id UUID. @throws NOT_FOUND */
export async function showRun(store: Store, id: string): Promise<RunView> {
  const { rows } = await store.pool.query(
    `select run.*, plan.letters as planned from run join plan on plan.id = run.plan_id where run.id = $1`,
    [id],
  )
  const run = rows[0]
  if (run === undefined) throw new RedriveError('NOT_FOUND', 'There is no such run.')
  const counted = await store.pool.query<{ state: string; outcome: string; attempts: number }>(
    'select state, outcome, count(*)::int as attempts from attempt where run_id = $1 group by 1, 2',
    [id],
  )
  const sum = (matches: (row: { state: string; outcome: string }) => boolean): number =>
    counted.rows.filter(matches).reduce((total, { attempts }) => total + attempts, 0)
  const progressed = Math.min(run.next_ordinal, run.planned)
  return {
    id: showRunId(run.id),
    plan: showPlanId(run.plan_id),
    state: run.state,
    startedBy: run.started_by,
    startedAt: run.started_at.toISOString(),
    finishedAt: run.finished_at?.toISOString() ?? null,
    planned: run.planned,
    progressed,
    skipped: progressed - sum(() => true),
    sends: {
      intended: sum(({ state }) => state === 'intended'),
      sent: sum(({ state }) => state === 'sent'),
      notSent: sum(({ state }) => state === 'not-sent'),
      uncertain: sum(({ state }) => state === 'uncertain'),
    },
    outcomes: {
      pending: sum(({ outcome }) => outcome === 'pending'),
      confirmed: sum(({ outcome }) => outcome === 'confirmed'),
      returned: sum(({ outcome }) => outcome === 'returned'),
      presumed: sum(({ outcome }) => outcome === 'presumed'),
      unknown: sum(({ outcome }) => outcome === 'unknown'),
    },
  }
}

/** Newest first. */
export async function listRuns(store: Store, limit: number): Promise<readonly RunView[]> {
  const { rows } = await store.pool.query<{ id: string }>('select id from run order by started_at desc limit $1', [
    limit,
  ])
  return Promise.all(rows.map(({ id }) => showRun(store, id)))
}
