import { type LedgerAccount, recordTransfers } from '../ledger/index.ts'
import type { Store } from '../store/store.ts'
import { noteDebt } from './content-debt.ts'
import { awaitedTable, judgedLetters } from './due.ts'
import { partsOfEnding } from './parts-of-ending.ts'
import { type PlacedPolicy, policyTable, policyValues } from './policies.ts'
import { windowEnd } from './window.ts'

/**
 * Deletes those of the next letters whose time is over, in captured order; each leaves a tombstone. Letters that somebody works on at this moment
 * are left for the next pass. Their bytes go at the end of the pass (`reclaim/`).
 *
 * Causes count what came and how it changed since, so each state's loss is noted; who watches a cause counts what it has read of it.
 * @param options.after the last id that was looked at
 * @returns `after: null` when there are no more
 */
export async function deleteLetters(
  store: Store,
  {
    policies,
    after,
    pass,
  }: { readonly policies: readonly PlacedPolicy[]; readonly after: string; readonly pass: string },
): Promise<{ readonly deleted: number; readonly after: string | null }> {
  return store.transaction(async (client) => {
    const until = await windowEnd(client, after)
    if (until === null) return { deleted: 0, after: null }
    await client.query(`set local redrive.ends = 'on'`)
    const { rows } = await client.query<{ queue_id: number; was: LedgerAccount; letters: number }>(
      `with ${policyTable(1)}, ${awaitedTable}, judged as (
         ${judgedLetters('letter')} and l.id > $8 and l.id <= $9
       ), chosen as materialized (
         select l.id, l.queue_id, l.source_id, l.cause_id, l.identity, l.state, l.changed_at from judged j join letter l on l.id = j.id
          where j.action = 'delete' and j.held is null and j.due_at <= now() and l.revision = j.revision
          order by j.id for update of l skip locked
       ), buried as (
         insert into tombstone (letter_id, queue_id, source_id, cause_id, identity, was, since, body_sha256, timestamp_ms, pass_id)
         select o.id, o.queue_id, o.source_id, o.cause_id, o.identity, o.state, o.changed_at, c.body_sha256,
           case when c.redacted is not null then c.timestamp_ms end, $10 from chosen o join letter_content c on c.id = o.id
       ), ${partsOfEnding}, ${noteDebt('chosen')}
       select queue_id, state as was, count(*)::int as letters from chosen group by 1, 2`,
      [...policyValues(policies), after, until, pass],
    )
    await recordTransfers(
      client,
      rows.map(({ queue_id: queueId, was: from, letters }) => ({
        queueId,
        from,
        to: 'tombstone',
        letters,
        what: 'retention',
        reference: pass,
      })),
    )
    const deleted = rows.reduce((sum, { letters }) => sum + letters, 0)
    await client.query('update retention_pass set deleted = deleted + $2 where id = $1', [pass, deleted])
    return { deleted, after: until }
  })
}
