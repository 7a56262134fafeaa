import { RedriveError, type Tier } from '@redrive/worker'
import { recordAudit } from '../audit/index.ts'
import { endRun } from '../replay/index.ts'
import type { Store } from '../store/store.ts'
import { lockPolicy } from './begin.ts'
import { stopPolicy } from './settle.ts'

interface Request {
  readonly queue: string
  readonly tier: Tier
  readonly by: string
  readonly reason: string
}

/**
 * Nothing is sent by itself until somebody resumes it, also after another configuration; a run that goes on is cancelled.
 * @returns that run, as a UUID; what of it was on its way may still arrive
 * @throws NOT_FOUND (no such queue), STATE_CONFLICT (it is stopped already)
 */
export async function stopAutomatic(store: Store, { queue, tier, by, reason }: Request): Promise<string | null> {
  return store.transaction(async (client) => {
    const { rowCount: isKnown } = await client.query(
      'select from (select name from queue union all select queue from queue_document) q (name) where name = $1 limit 1',
      [queue],
    )
    if (isKnown === 0) throw unknownQueue()
    await lockPolicy(client, { queue, tier })
    const { rows } = await client.query<{ stopped_by: string | null }>(
      'select stopped_by from automatic_replay where queue = $1 and tier = $2',
      [queue, tier],
    )
    const stoppedBy = rows[0]?.stopped_by ?? null
    if (stoppedBy !== null)
      throw new RedriveError('STATE_CONFLICT', `It is stopped already, by ${stoppedBy}.`, {
        hint: 'Look why: redrive automatic',
      })
    const going = await client.query<{ run_id: string; state: string }>(
      `select a.run_id, r.state::text from automatic_run a join run r on r.id = a.run_id
        where a.queue = $1 and a.tier = $2 and a.settled_at is null for update of r`,
      [queue, tier],
    )
    for (const { run_id: run, state } of going.rows) {
      if (state !== 'done' && state !== 'cancelled') await endRun(client, { run, by, reason })
      await client.query(
        `update automatic_run set settled_at = clock_timestamp(), verdict = 'cancelled', why = $2 where run_id = $1`,
        [run, `stopped by ${by}: ${reason}`],
      )
    }
    await stopPolicy(client, { queue, tier }, { by, why: reason })
    return going.rows[0]?.run_id ?? null
  })
}

/** Begins anew, at once: what failed before does not count any more. @throws STATE_CONFLICT: it is not stopped */
export async function resumeAutomatic(store: Store, { queue, tier, by, reason }: Request): Promise<void> {
  await store.transaction(async (client) => {
    const { rows } = await client.query<{ stopped_by: string; stopped_why: string | null; failures: number }>(
      'select stopped_by, stopped_why, failures from automatic_replay where queue = $1 and tier = $2 and stopped_at is not null for update',
      [queue, tier],
    )
    const was = rows[0]
    if (was === undefined)
      throw new RedriveError('STATE_CONFLICT', 'It is not stopped.', { hint: 'Look at it: redrive automatic' })
    await client.query(
      `update automatic_replay set stopped_at = null, stopped_by = null, stopped_why = null, failures = 0, next_at = now()
        where queue = $1 and tier = $2`,
      [queue, tier],
    )
    const details = { stoppedBy: was.stopped_by, stoppedWhy: was.stopped_why, failures: was.failures }
    await recordAudit(client, { actor: by, action: 'automatic.resume', target: `${queue}/${tier}`, reason, details })
  })
}

function unknownQueue(): RedriveError {
  return new RedriveError('NOT_FOUND', 'There is no such queue: no letter of it came, and nobody documented it.', {
    hint: 'Names are in: redrive queues',
  })
}
