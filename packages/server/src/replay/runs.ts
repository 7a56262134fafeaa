import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordAudit } from '../audit/index.ts'
import { recordTransfers } from '../ledger/index.ts'
import { lockForBulk } from '../letters/index.ts'
import { showRunId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { digestOfPlan } from './digest.ts'
import { noPlan } from './end-old-plans.ts'
import { newRunId } from './replay-id.ts'

interface StartRequest {
  /** UUID. */
  readonly plan: string
  readonly by: string
  readonly expect?: number
}

/**
 * Starts carrying out a plan, once: its letters become `replaying`, all of them, so that what runs is what somebody agreed to and nobody
 * else touches it. When any of them changed since the plan was made, the plan is stale and refused as a whole.
 *
 * @param expect how many letters the caller believes are in it; a different number refuses
 * @throws NOT_FOUND, PLAN_STALE, STATE_CONFLICT (it ran already), REQUEST_INVALID (it is empty)
 */
export async function startRun(store: Store, request: StartRequest): Promise<string> {
  return store.transaction((client) => beginRun(client, request))
}

/** The same in the caller's transaction. @throws as `startRun` */
export async function beginRun(client: PoolClient, request: StartRequest): Promise<string> {
  const runId = newRunId()
  const { rows } = await client.query<{ letters: number; digest: Buffer; with_held: boolean }>(
    'select letters, digest, with_held from plan where id = $1 for update',
    [request.plan],
  )
  const plan = rows[0]
  if (plan === undefined) throw noPlan()
  if (plan.letters === 0) throw new RedriveError('REQUEST_INVALID', 'The plan holds no letters: nothing to run.')
  if (request.expect !== undefined && request.expect !== plan.letters) {
    throw new RedriveError('PLAN_STALE', `The plan holds ${plan.letters} letters, not ${request.expect}.`, {
      hint: 'Look at the plan again before running it.',
    })
  }
  if (!plan.digest.equals(await digestOfPlan(client, request.plan))) {
    throw new RedriveError('PLAN_STALE', 'The plan is no longer what its digest says.', { hint: 'Make a new plan.' })
  }
  const inserted = await client.query(
    'insert into run (id, plan_id, started_by) values ($1, $2, $3) on conflict (plan_id) do nothing',
    [runId, request.plan, request.by],
  )
  if (inserted.rowCount === 0) await refuseSecond(client, request.plan)
  await takeLetters(client, { runId, planId: request.plan, letters: plan.letters, withHeld: plan.with_held })
  await recordAudit(client, {
    actor: request.by,
    action: 'run.start',
    target: showRunId(runId),
    reason: null,
    details: { letters: plan.letters, digest: plan.digest.toString('hex') },
  })
  return runId
}

async function takeLetters(
  client: PoolClient,
  run: { readonly runId: string; readonly planId: string; readonly letters: number; readonly withHeld: boolean },
): Promise<void> {
  await lockForBulk(client)
  // A million letters take longer than any other statement may. Of a plan that was just made the planner believes that it is small.
  await client.query('set local statement_timeout to 0; set local enable_nestloop to off')
  const moved: Taken[] = []
  for (let ordinal = 0; ordinal < run.letters; ordinal += takenAtATime) {
    for (const from of run.withHeld ? (['open', 'held'] as const) : (['open'] as const)) {
      const { rows } = await client.query<Omit<Taken, 'from'>>(
        // The ids as one list are one walk through the index of letters.
        `with moved as (
           update letter l set state = 'replaying', revision = l.revision + 1, changed_at = now()
           from plan_letter p where p.plan_id = $1 and p.ordinal >= $3 and p.ordinal < $4 and l.id = p.letter_id and l.revision = p.revision
             and l.state::text = $2 and l.id = any (array(select letter_id from plan_letter where plan_id = $1 and ordinal >= $3 and ordinal < $4))
           returning l.queue_id
         )
         select queue_id as "queueId", count(*)::int as letters from moved group by 1`,
        [run.planId, from, ordinal, ordinal + takenAtATime],
      )
      moved.push(...rows.map((row) => ({ ...row, from })))
    }
  }
  const changed = run.letters - moved.reduce((sum, { letters }) => sum + letters, 0)
  if (changed > 0) {
    throw new RedriveError('PLAN_STALE', `${changed} of the plan's letters changed since it was made.`, {
      hint: 'Make a new plan: redrive replay plan …',
      data: { changed },
    })
  }
  await recordTransfers(
    client,
    moved.map((each) => ({ ...each, to: 'replaying', what: 'replay', reference: run.runId })),
  )
}

/** So that the memory of it does not grow with the plan. */
const takenAtATime = 10_000

interface Taken {
  readonly queueId: number
  readonly letters: number
  readonly from: 'open' | 'held'
}

async function refuseSecond(client: PoolClient, plan: string): Promise<never> {
  const { rows } = await client.query<{ id: string }>('select id from run where plan_id = $1', [plan])
  const run = showRunId(rows[0]?.id ?? plan)
  throw new RedriveError('STATE_CONFLICT', `This plan ran already, as ${run}.`, {
    hint: 'A plan runs once. Make a new one for what is still open.',
    data: { run },
  })
}
