import { recordAudit } from '../audit/index.ts'
import { recordTransfers } from '../ledger/index.ts'
import { lockForBulk } from '../letters/index.ts'
import { settleEveryRun } from '../replay/index.ts'
import type { Store } from '../store/store.ts'
import { currentGeneration, rememberedGeneration } from './generation.ts'

/**
 * After an older copy of the database was put back, nobody knows which of its letters were replayed or discarded since: all that are open or held
 * become `uncertain`, and runs that it takes for unfinished are over, so that nothing is sent twice on an old word.
 *
 * @param options.isRestored somebody says so; otherwise it is noticed when the file remembers a later generation
 * @returns how many letters are in doubt; `null` when the database is not an older one
 */
export async function doubtAfterRestore(
  store: Store,
  options: { readonly file: string; readonly isRestored: boolean },
): Promise<number | null> {
  const remembered = rememberedGeneration(options.file)
  if (!options.isRestored && (await currentGeneration(store)) >= remembered) return null
  return store.transaction(async (client) => {
    await client.query('set local statement_timeout to 0')
    await lockForBulk(client)
    const runs = await settleEveryRun(client, 'the database was restored from an older copy')
    const { rows } = await client.query<{ queueId: number; from: 'open' | 'held' | 'replaying'; letters: number }>(
      `with chosen as (
         select id, state as was from letter where state::text in ('open', 'held', 'replaying') order by id for update
       ), moved as (
         update letter l set state = 'uncertain', revision = l.revision + 1, changed_at = now() from chosen where l.id = chosen.id
         returning l.queue_id, chosen.was
       )
       select queue_id as "queueId", was::text as "from", count(*)::int as letters from moved group by 1, 2`,
    )
    await recordTransfers(
      client,
      rows.map((moved) => ({ ...moved, to: 'uncertain', what: 'restored' })),
    )
    const letters = rows.reduce((sum, moved) => sum + moved.letters, 0)
    const generation = await client.query<{ number: string }>(
      'update generation set number = greatest(number, $1) + 1, raised_at = clock_timestamp() returning number',
      [remembered.toString()],
    )
    await recordAudit(client, {
      actor: 'redrive',
      action: 'database.restored',
      target: `generation ${generation.rows[0]?.number}`,
      reason: options.isRestored ? 'said at the start' : 'the database is older than what this office has seen of it',
      details: { letters, runs },
    })
    return letters
  })
}
