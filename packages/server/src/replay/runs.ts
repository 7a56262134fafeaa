import { randomUUID } from 'node:crypto'
import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordAudit } from '../audit/index.ts'
import { showRunId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { digestOfPlan } from './digest.ts'

/**
 * Starts carrying out a plan, once. Letters that changed since it was made would be skipped one by one; when there are any at all, the
 * plan is stale and refused as a whole, so that what runs is what somebody agreed to.
 *
 * @param expect how many letters the caller believes are in it; a different number refuses
 * @throws NOT_FOUND, PLAN_STALE, STATE_CONFLICT (it ran already), REQUEST_INVALID (it is empty)
 */
export async function startRun(
  store: Store,
  request: { readonly plan: string; readonly by: string; readonly expect?: number },
): Promise<string> {
  const runId = randomUUID()
  await store.transaction(async (client) => {
    const { rows } = await client.query<{ letters: number; digest: Buffer }>(
      'select letters, digest from plan where id = $1 for update',
      [request.plan],
    )
    const plan = rows[0]
    if (plan === undefined)
      throw new RedriveError('NOT_FOUND', 'There is no such plan.', { hint: 'Make one: redrive replay plan …' })
    if (plan.letters === 0) throw new RedriveError('REQUEST_INVALID', 'The plan holds no letters: nothing to run.')
    if (request.expect !== undefined && request.expect !== plan.letters) {
      throw new RedriveError('PLAN_STALE', `The plan holds ${plan.letters} letters, not ${request.expect}.`, {
        hint: 'Look at the plan again before running it.',
      })
    }
    if (!plan.digest.equals(await digestOfPlan(client, request.plan))) {
      throw new RedriveError('PLAN_STALE', 'The plan is no longer what its digest says.', { hint: 'Make a new plan.' })
    }
    const changed = await client.query<{ letters: number }>(
      `select count(*)::int as letters from plan_letter pl join letter l on l.id = pl.letter_id
       where pl.plan_id = $1 and (l.state <> 'open' or l.revision <> pl.revision)`,
      [request.plan],
    )
    const stale = changed.rows[0]?.letters ?? 0
    const inserted = await client.query(
      `insert into run (id, plan_id, started_by) select $1, $2, $3 where $4 = 0 on conflict (plan_id) do nothing`,
      [runId, request.plan, request.by, stale],
    )
    if (inserted.rowCount === 0) await refuse(client, request.plan, stale)
    const details = { letters: plan.letters, digest: plan.digest.toString('hex') }
    await recordAudit(client, {
      actor: request.by,
      action: 'run.start',
      target: showRunId(runId),
      reason: null,
      details,
    })
  })
  return runId
}

async function refuse(client: PoolClient, plan: string, stale: number): Promise<never> {
  const { rows } = await client.query<{ id: string }>('select id from run where plan_id = $1', [plan])
  const run = rows[0]
  if (run !== undefined) {
    throw new RedriveError('STATE_CONFLICT', `This plan ran already, as ${showRunId(run.id)}.`, {
      hint: 'A plan runs once. Make a new one for what is still open.',
      data: { run: showRunId(run.id) },
    })
  }
  throw new RedriveError('PLAN_STALE', `${stale} of the plan's letters changed since it was made.`, {
    hint: 'Make a new plan: redrive replay plan …',
    data: { changed: stale },
  })
}
