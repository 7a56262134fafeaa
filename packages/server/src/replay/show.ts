import { RedriveError } from '@redrive/worker'
import { showPlanId, showRunId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { type Control, secondsFor } from './control.ts'
import { type Destination, destinationFrom } from './destination.ts'
import { noPlan } from './end-old-plans.ts'
import { adviceOn } from './judge.ts'
import type { Limits } from './limits.ts'
import type { Change } from './misfits.ts'

export interface PlanView {
  readonly id: string
  readonly createdAt: string
  readonly createdBy: string
  readonly reason: string | null
  readonly selection: unknown
  readonly cutoff: string
  readonly destination: Destination
  readonly control: Control
  readonly letters: number
  readonly bytes: number
  /** Without the wait for the verdict on the canary. */
  readonly expectedSeconds: number
  readonly oldestCapturedAt: string | null
  /** Letters of the selection that are not in the plan, by reason. */
  readonly skipped: Readonly<Record<string, number>>
  readonly places: readonly { readonly broker: string; readonly place: string; readonly letters: number }[]
  readonly queues: readonly { readonly queue: string; readonly letters: number }[]
  readonly limits: Limits
  /** Letters with a newer one of their key in their queue, which are in it all the same; `null`: there were too many to find out. */
  readonly superseded: number | null
  /** Headers that described failures and are not sent; a replay id is sent instead. */
  readonly strips: readonly string[]
  /** Who was seen to read the queues whose letters go back to their origin. */
  readonly listeners: readonly { readonly queue: string; readonly consumers: readonly string[] }[]
  /** What the broker of a chosen place said of it when the plan was made; `consumers` where it tells who reads there. */
  readonly target: {
    readonly system: string
    readonly consumers: readonly string[]
    readonly facts: readonly string[]
  } | null
  /** What that broker cannot carry as it was. */
  readonly changes: readonly Change[]
  readonly digest: string
  readonly run: string | null
}

export interface RunView {
  readonly id: string
  readonly plan: string
  readonly state: 'running' | 'paused' | 'halted' | 'cancelled' | 'done'
  /** What it does while it runs: `canary` until that has its verdict. */
  readonly stage: 'canary' | 'ramp' | 'full'
  readonly verdict: 'pass' | 'fail' | 'inconclusive' | 'overridden' | null
  /** Why it is paused, halted or cancelled, the rule that halted it, and what to do. */
  readonly stopped: { readonly why: string; readonly rule: string | null; readonly advice: string | null } | null
  readonly startedBy: string
  readonly startedAt: string
  readonly finishedAt: string | null
  readonly planned: number
  /** Letters looked at so far. */
  readonly progressed: number
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
  if (plan === undefined) throw noPlan()
  const places = await store.pool.query<{ broker: string; place: string; letters: number }>(
    `select p.broker, p.place, sum(n.letters)::int as letters from plan_place p
     join (select place, count(*)::int as letters from plan_letter where plan_id = $1 group by 1) n on n.place = p.number
     where p.plan_id = $1 group by 1, 2 order by 3 desc, 2`,
    [id],
  )
  const queues = await store.pool.query<{ queue: string; letters: number }>(
    `select q.name as queue, count(*)::int as letters from plan_letter pl join letter_ever l on l.id = pl.letter_id join queue q on q.id = l.queue_id
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
    destination: destinationFrom(plan),
    control: {
      pace: plan.pace,
      canary: plan.canary,
      verdictSeconds: plan.verdict_seconds,
      rampFrom: plan.ramp_from,
      rampSeconds: plan.ramp_seconds,
      halt: plan.halt_rules,
    },
    letters: plan.letters,
    bytes: Number(plan.bytes),
    expectedSeconds: Math.ceil(
      secondsFor(plan.letters, { from: plan.ramp_from, to: plan.pace, seconds: plan.ramp_seconds }),
    ),
    oldestCapturedAt: plan.oldest?.toISOString() ?? null,
    skipped: plan.skipped,
    places: places.rows,
    queues: queues.rows,
    limits: {
      maxHops: plan.max_hops,
      beyondCap: plan.beyond_cap,
      skipSuperseded: plan.skip_superseded,
      withHeld: plan.with_held,
    },
    superseded: plan.superseded,
    strips: plan.strips,
    listeners: plan.listeners,
    target: plan.target,
    changes: plan.changes,
    digest: plan.digest.toString('hex'),
    run: plan.run_id === null ? null : showRunId(plan.run_id),
  }
}

function stageOf(run: {
  readonly canary: number
  readonly verdict: string | null
  readonly is_ramping: boolean
}): RunView['stage'] {
  if (run.canary > 0 && (run.verdict === null || run.verdict === 'fail' || run.verdict === 'inconclusive'))
    return 'canary'
  return run.is_ramping ? 'ramp' : 'full'
}

/** @param id UUID. @throws NOT_FOUND */
export async function showRun(store: Store, id: string): Promise<RunView> {
  const { rows } = await store.pool.query(
    `select run.*, plan.letters as planned, plan.canary, 
       plan.ramp_seconds > 0 and plan.ramp_from < plan.pace
         and coalesce(now() < ramp_since + make_interval(secs => plan.ramp_seconds), state = 'running') as is_ramping
      from run join plan on plan.id = run.plan_id where run.id = $1`,
    [id],
  )
  const run = rows[0]
  if (run === undefined) throw new RedriveError('NOT_FOUND', 'There is no such run.')
  const counts = await countsOf(store, id)
  const progressed = Math.min(run.next_ordinal, run.planned)
  return {
    id: showRunId(run.id),
    plan: showPlanId(run.plan_id),
    state: run.state,
    stage: stageOf(run),
    verdict: run.verdict,
    stopped:
      run.problem === null
        ? null
        : { why: run.problem, rule: run.rule, advice: run.rule === null ? null : adviceOn(run.rule) },
    startedBy: run.started_by,
    startedAt: run.started_at.toISOString(),
    finishedAt: run.finished_at?.toISOString() ?? null,
    planned: run.planned,
    progressed,
    sends: { intended: counts.intended, sent: counts.sent, notSent: counts.not_sent, uncertain: counts.uncertain },
    outcomes: {
      pending: counts.pending,
      confirmed: counts.confirmed,
      returned: counts.returned,
      presumed: counts.presumed,
      unknown: counts.unknown,
    },
  }
}

interface Counts {
  readonly intended: number
  readonly sent: number
  readonly not_sent: number
  readonly uncertain: number
  readonly pending: number
  readonly confirmed: number
  readonly returned: number
  readonly presumed: number
  readonly unknown: number
}

/** From what each intent counts, so that a run of a million letters is shown as quickly as one of ten. */
async function countsOf(store: Store, runId: string): Promise<Counts> {
  const { rows } = await store.pool.query<Counts>(
    `select
       coalesce(sum(to_ordinal - from_ordinal) filter (where noted_at is null), 0)::int as intended,
       coalesce(sum(sent), 0)::int as sent, coalesce(sum(not_sent), 0)::int as not_sent, coalesce(sum(uncertain), 0)::int as uncertain,
       coalesce(sum(confirmed), 0)::int as confirmed, coalesce(sum(returned), 0)::int as returned,
       coalesce(sum(to_ordinal - from_ordinal - not_sent - confirmed - returned) filter (where closed_at is null), 0)::int as pending,
       coalesce(sum(sent - confirmed - returned) filter (where closed_at is not null), 0)::int as presumed,
       coalesce(sum(uncertain) filter (where closed_at is not null), 0)::int as unknown
     from intent where run_id = $1`,
    [runId],
  )
  return rows[0] as Counts
}

/** Newest first. */
/** The newest first. @param state only these: among many newer ones a run that waits for somebody would not be seen */
export async function listRuns(
  store: Store,
  { limit, state = null }: { readonly limit: number; readonly state?: RunView['state'] | null },
): Promise<readonly RunView[]> {
  const { rows } = await store.pool.query<{ id: string }>(
    'select id from run where ($2::run_state is null or state = $2) order by started_at desc limit $1',
    [limit, state],
  )
  return Promise.all(rows.map(({ id }) => showRun(store, id)))
}
