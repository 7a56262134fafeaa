import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordAudit } from '../audit/index.ts'
import { showRunId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { openAgain } from './open-again.ts'

interface Request {
  /** UUID. */
  readonly run: string
  readonly by: string
  readonly reason: string | null
}

/** Sends nothing more until somebody resumes. @throws NOT_FOUND, STATE_CONFLICT (it does not run) */
export function pauseRun(store: Store, request: Request): Promise<void> {
  return change(store, request, async (client, run) => {
    if (run.state !== 'running') conflict(run, 'paused')
    await client.query(`update run set state = 'paused', problem = $2, rule = null where id = $1`, [
      request.run,
      `paused by ${request.by}${request.reason === null ? '' : `: ${request.reason}`}`,
    ])
    await audit(client, request, 'run.pause')
  })
}

/**
 * Goes on. What halted it does not halt it again: rules look at what comes from now on, and a canary without a good verdict is overridden, on
 * record. @throws NOT_FOUND, STATE_CONFLICT (it is over or runs)
 */
export function resumeRun(store: Store, request: Request): Promise<void> {
  return change(store, request, async (client, run) => {
    if (run.state !== 'paused' && run.state !== 'halted') conflict(run, 'resumed')
    await client.query(
      `update run set state = 'running', problem = null, rule = null, judged_since = clock_timestamp(), judged_from = next_ordinal,
         ramp_since = null,
         verdict = case when verdict in ('fail', 'inconclusive') then 'overridden' else verdict end
       where id = $1`,
      [request.run],
    )
    await audit(client, request, 'run.resume', { despite: run.rule })
  })
}

/** Ends the run: letters that it has not taken up yet are open again. What is being sent is finished. @throws NOT_FOUND, STATE_CONFLICT (it is over) */
export function cancelRun(store: Store, request: Request): Promise<void> {
  return store.transaction((client) => endRun(client, request))
}

/** The same in the caller's transaction. @throws as `cancelRun` */
export function endRun(client: PoolClient, request: Request): Promise<void> {
  return changeIn(client, request, async (run) => {
    if (over(run)) conflict(run, 'cancelled')
    await client.query('set local statement_timeout to 0')
    await client.query(
      `update run set state = 'cancelled', finished_at = now(), problem = $2, rule = null where id = $1`,
      [request.run, `cancelled by ${request.by}${request.reason === null ? '' : `: ${request.reason}`}`],
    )
    const opened = await openAgain(client, { runId: request.run, planId: run.plan_id }, { from: run.next_ordinal })
    await audit(client, request, 'run.cancel', { opened })
  })
}

interface Run {
  readonly state: string
  readonly rule: string | null
  readonly problem: string | null
  readonly plan_id: string
  readonly next_ordinal: number
}

/** Whoever claims the next letters waits for this, or this for it: what comes after is under the new state. */
async function change(
  store: Store,
  request: Request,
  work: (client: PoolClient, run: Run) => Promise<void>,
): Promise<void> {
  await store.transaction((client) => changeIn(client, request, (run) => work(client, run)))
}

async function changeIn(client: PoolClient, request: Request, work: (run: Run) => Promise<void>): Promise<void> {
  const { rows } = await client.query<Run>(
    'select state::text, rule, problem, plan_id, next_ordinal from run where id = $1 for update',
    [request.run],
  )
  const run = rows[0]
  if (run === undefined) throw new RedriveError('NOT_FOUND', 'There is no such run.')
  await work(run)
}

const over = ({ state }: Run): boolean => state === 'done' || state === 'cancelled'

function conflict({ state, problem }: Run, wanted: string): never {
  const why = problem === null || state === 'running' ? '' : ` (${problem})`
  throw new RedriveError('STATE_CONFLICT', `The run is ${state}${why}; it cannot be ${wanted}.`, {
    hint: hints[state] ?? 'Look at it: redrive replay watch RUN',
    data: { state },
  })
}

const hints: Readonly<Record<string, string>> = {
  running: 'It sends already; pause or cancel it to stop it.',
  paused: 'Nothing is sent until it is resumed; redrive replay resume or cancel.',
  halted: 'Nothing is sent until it is resumed; redrive replay resume or cancel.',
  cancelled: 'What it did not send is open again: make a new plan.',
  done: 'It sent all its letters: make a new plan for what is still open.',
}

function audit(client: PoolClient, { run, by, reason }: Request, action: string, details = {}): Promise<void> {
  return recordAudit(client, { actor: by, action, target: showRunId(run), reason, details })
}
