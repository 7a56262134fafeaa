import type { PoolClient } from 'pg'
import type { Store } from '../store/store.ts'
import type { Lease } from './claim.ts'
import type { Intent } from './claimed.ts'
import { openAgain } from './open-again.ts'

/**
 * Takes an intent back of which nothing was sent: its letters are the next again, or open if the run was cancelled meanwhile. Only its
 * holder knows that nothing was sent, so it has to be the holder still. Nothing happens to an intent that is gone or has results.
 */
export function putBack(store: Store, lease: Lease, intent: Intent): Promise<void> {
  return store.transaction(async (client) => {
    const { rows } = await client.query<{ state: string }>(
      'select state::text from run where id = $1 and lease_token = $2 for update',
      [lease.runId, lease.token],
    )
    const run = rows[0]
    if (run === undefined) return
    await takeBack(client, { ...lease, state: run.state }, intent.fromOrdinal)
  })
}

/** The same for who has locked the run and knows that nothing of the intent was sent, which is the last one. */
export async function takeBack(
  client: PoolClient,
  run: Pick<Lease, 'runId' | 'planId'> & { readonly state: string },
  fromOrdinal: number,
): Promise<void> {
  const taken = await client.query<{ to_ordinal: number }>(
    'delete from intent where run_id = $1 and from_ordinal = $2 and noted_at is null returning to_ordinal',
    [run.runId, fromOrdinal],
  )
  const to = taken.rows[0]?.to_ordinal
  if (to === undefined) return
  await client.query(
    // Somebody may have resumed it meanwhile: its budget counts from here.
    'update run set next_ordinal = $2, judged_from = least(judged_from, $2) where id = $1',
    [run.runId, fromOrdinal],
  )
  if (run.state === 'cancelled') await openAgain(client, run, { from: fromOrdinal, to })
}
