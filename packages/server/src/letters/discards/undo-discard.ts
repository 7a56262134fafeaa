import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordAudit } from '../../audit/index.ts'
import { recordTransfer } from '../../ledger/index.ts'
import { showDiscardId } from '../../store/ids.ts'
import type { Store } from '../../store/store.ts'
import { lockForBulk } from '../bulk-lock.ts'
import { checkSaid } from './plan-discard.ts'
import { noDiscard, undoDays } from './run-discard.ts'

export interface Undone {
  /** As they were, or as what was found out of their replays since says. */
  readonly reopened: number
  /** Their worker keeps the order of their keys and was told of the discard, so that what follows went on; or something was done to them since. */
  readonly left: number
}

/**
 * Letters of a discard are again what they were, once, while it can be undone. Of a replay that was in doubt the truth may have come since: what is
 * known to have been sent is replayed, and not open to be sent again.
 * @throws NOT_FOUND, STATE_CONFLICT (not done, undone already, too late), REQUEST_INVALID without a reason and a name
 */
export async function undoDiscard(
  store: Store,
  request: { readonly discard: string; readonly by: string; readonly reason: string },
): Promise<Undone> {
  checkSaid(request)
  return store.transaction(async (client) => {
    await client.query('set local statement_timeout to 0')
    await lockForBulk(client)
    const { rows: found } = await client.query<{ state: string; letters: number; is_late: boolean }>(
      'select state, letters, undoable_until < now() as is_late from discard where id = $1 for update',
      [request.discard],
    )
    const [discard] = found
    if (discard === undefined) throw noDiscard()
    if (discard.state !== 'done')
      throw new RedriveError(
        'STATE_CONFLICT',
        discard.state === 'planned' ? 'This discard was not done.' : 'This discard was undone already.',
        { hint: `Look at it: redrive discards show ${showDiscardId(request.discard)}` },
      )
    if (discard.is_late)
      throw new RedriveError('STATE_CONFLICT', `A discard can be undone for ${undoDays} days, and they are over.`, {
        hint: 'The letters are still there: redrive letters state:discarded',
      })
    await lockReplays(client, request.discard)
    const { rows } = await client.query<{ queue_id: number; is: 'open' | 'uncertain' | 'replayed'; letters: number }>(
      `with chosen as (
         select l.id, l.queue_id, (case
             when 'sent' = any(r.states) then 'replayed'
             when d.was <> 'uncertain' then 'open'
             when d.is_doubted and not 'uncertain' = any(r.states) then 'open'
             else 'uncertain' end)::letter_state as "is"
         from discard_letter d join letter l on l.id = d.letter_id
         cross join lateral (select coalesce(array_agg(a.state), '{}') as states from attempt a where a.letter_id = d.letter_id) r
         where d.discard_id = $1 and l.state = 'discarded' and l.revision = d.revision + 1
           and not exists (select from release_notice n where n.letter_id = l.id) order by l.id for update of l
       ), changed as (
         update letter set state = chosen.is, revision = revision + 1, changed_at = now()
         from chosen where letter.id = chosen.id returning letter.id, chosen.queue_id, chosen.is
       )
       select queue_id, "is", count(*)::int as letters from changed group by 1, 2`,
      [request.discard],
    )
    for (const { queue_id: queueId, is, letters } of rows) {
      await recordTransfer(client, {
        queueId,
        from: 'discarded',
        to: is,
        letters,
        what: 'discard undone',
        reference: request.discard,
      })
    }
    const reopened = rows.reduce((sum, { letters }) => sum + letters, 0)
    await client.query(
      `update discard set state = 'undone', undone_at = now(), undone_by = $2, undone_reason = $3, reopened = $4 where id = $1`,
      [request.discard, request.by, request.reason, reopened],
    )
    await recordAudit(client, {
      actor: request.by,
      action: 'discard.undo',
      target: showDiscardId(request.discard),
      reason: request.reason,
      details: { reopened, left: discard.letters - reopened },
    })
    return { reopened, left: discard.letters - reopened }
  })
}

/** Evidence changes their intents before their letters, so they are locked in that order too. */
async function lockReplays(client: PoolClient, discard: string): Promise<void> {
  await client.query(
    `select from discard_letter d join plan_letter p on p.letter_id = d.letter_id join run r on r.plan_id = p.plan_id
       join intent i on i.run_id = r.id and i.from_ordinal <= p.ordinal and i.to_ordinal > p.ordinal
     where d.discard_id = $1 order by i.run_id, i.from_ordinal for no key update of i`,
    [discard],
  )
}
