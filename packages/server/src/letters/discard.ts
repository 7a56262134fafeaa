import { randomUUID } from 'node:crypto'
import { RedriveError } from '@redrive/worker'
import { recordAudit } from '../audit/index.ts'
import { recordTransfer } from '../ledger/index.ts'
import { lookAtLinesOf } from '../store/letter-lines.ts'
import type { Store } from '../store/store.ts'
import { lockForBulk } from './bulk-lock.ts'
import { resolveSelection, type Selection } from './selection.ts'

export interface Discarded {
  readonly discarded: number
  /** Selected, but in another state by now. */
  readonly skipped: number
}

/**
 * Ends open, held or uncertain letters on purpose. Their bytes stay until retention takes them. A worker that keeps lines is told, so that the key goes on:
 * that is written down with the discard and sent by `replay/tell-releases.ts`.
 * @throws REQUEST_INVALID without a reason and a name
 */
export async function discardLetters(
  store: Store,
  request: { readonly selection: Selection; readonly by: string; readonly reason: string; readonly nowMs: number },
): Promise<Discarded> {
  if (request.reason.trim() === '' || request.by.trim() === '') {
    throw new RedriveError('REQUEST_INVALID', 'A discard needs a reason and a name.', {
      hint: 'Pass --reason and --by.',
    })
  }
  return store.transaction(async (client) => {
    await lockForBulk(client)
    const { ids, missing } = await resolveSelection(client, request.selection, request.nowMs)
    const { rows } = await client.query<{ queue_id: number; was: 'open' | 'held' | 'uncertain'; letters: number }>(
      `with chosen as (
         select id, queue_id, state as was from letter
         where id = any($1::uuid[]) and state in ('open', 'held', 'uncertain') order by id for update
       ), changed as (
         update letter set state = 'discarded', revision = revision + 1, changed_at = now()
         from chosen where letter.id = chosen.id returning letter.id, chosen.queue_id, chosen.was
       ), told as (
         insert into release_notice (letter_id, line_id)
         select h.letter_id, h.line_id from changed join letter_line h on h.letter_id = changed.id on conflict do nothing
       )
       select queue_id, was, count(*)::int as letters from changed group by queue_id, was`,
      [ids],
    )
    await lookAtLinesOf(client, ids)
    const reference = randomUUID()
    for (const { queue_id: queueId, was, letters } of rows) {
      await recordTransfer(client, { queueId, from: was, to: 'discarded', letters, what: 'discard', reference })
    }
    const discarded = rows.reduce((sum, { letters }) => sum + letters, 0)
    await recordAudit(client, {
      actor: request.by,
      action: 'letters.discard',
      target: reference,
      reason: request.reason,
      details: { selection: request.selection, discarded },
    })
    return { discarded, skipped: ids.length + missing.length - discarded }
  })
}
