import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordAudit } from '../../audit/index.ts'
import { recordTransfer } from '../../ledger/index.ts'
import { showDiscardId } from '../../store/ids.ts'
import { lookAtLinesOf } from '../../store/letter-lines.ts'
import type { Store } from '../../store/store.ts'
import { lockForBulk } from '../bulk-lock.ts'
import { discardWaitsDays } from './end-old-discards.ts'
import { checkSaid } from './plan-discard.ts'

/** So long a discard can be undone. */
export const undoDays = 7

/**
 * Does what was planned, once, all of it or nothing.
 * @param request.expect how many letters the caller believes are in it
 * @throws NOT_FOUND, PLAN_STALE (a letter changed since it was planned, or another number is expected), STATE_CONFLICT (it was done)
 */
export async function runDiscard(
  store: Store,
  request: { readonly discard: string; readonly by: string; readonly expect?: number },
): Promise<void> {
  await store.transaction(async (client) => {
    await client.query('set local statement_timeout to 0')
    await lockForBulk(client)
    const { rows } = await client.query<{ state: string; letters: number; reason: string; selection: unknown }>(
      'select state, letters, reason, selection from discard where id = $1 for update',
      [request.discard],
    )
    const [planned] = rows
    if (planned === undefined) throw noDiscard()
    checkSaid({ by: request.by, reason: planned.reason })
    if (planned.state !== 'planned')
      throw new RedriveError('STATE_CONFLICT', 'This discard was done already.', {
        hint: `Look at it: redrive discards show ${showDiscardId(request.discard)}`,
      })
    if (planned.letters === 0) throw new RedriveError('REQUEST_INVALID', 'The discard holds no letters: nothing to do.')
    refuseOtherCount(planned.letters, request.expect)
    await endLetters(client, { ...request, ...planned })
  })
}

/** @throws PLAN_STALE */
export function refuseOtherCount(letters: number, expect: number | undefined): void {
  if (expect === undefined || expect === letters) return
  throw new RedriveError('PLAN_STALE', `The discard holds ${letters} letters, not ${expect}. None was discarded.`, {
    hint: 'Look at them again before you end them.',
  })
}

export function noDiscard(): RedriveError {
  return new RedriveError('NOT_FOUND', 'There is no such discard.', {
    hint: `List them: redrive discards list. One that nobody carries out is forgotten after ${discardWaitsDays} days.`,
  })
}

/**
 * Ends frozen letters. A worker that keeps lines is told, so that the key goes on: that is written down with the discard and sent by
 * `replay/tell-releases.ts`. The caller has the lock of bulk changes.
 */
export async function endLetters(
  client: PoolClient,
  discard: {
    readonly discard: string
    readonly by: string
    readonly letters: number
    readonly reason: string
    readonly selection: unknown
  },
): Promise<void> {
  const { rows } = await client.query<{ queue_id: number; was: 'open' | 'held' | 'uncertain'; letters: number }>(
    `with chosen as (
       select l.id, l.queue_id, l.state as was from discard_letter d join letter l on l.id = d.letter_id
       where d.discard_id = $1 and l.state = d.was and l.revision = d.revision order by l.id for update of l
     ), changed as (
       update letter set state = 'discarded', revision = revision + 1, changed_at = now()
       from chosen where letter.id = chosen.id returning letter.id, chosen.queue_id, chosen.was
     ), told as (
       insert into release_notice (letter_id, line_id)
       select h.letter_id, h.line_id from changed join letter_line h on h.letter_id = changed.id on conflict do nothing
     )
     select queue_id, was, count(*)::int as letters from changed group by queue_id, was`,
    [discard.discard],
  )
  const discarded = rows.reduce((sum, { letters }) => sum + letters, 0)
  const changed = discard.letters - discarded
  if (changed > 0)
    throw new RedriveError(
      'PLAN_STALE',
      `${changed} of the letters changed since the discard was planned. None was discarded.`,
      {
        hint: 'Plan it again: redrive discard … --plan',
        data: { changed },
      },
    )
  const inLine = await client.query<{ id: string }>(
    'select letter_id as id from discard_letter d join letter_line h using (letter_id) where d.discard_id = $1',
    [discard.discard],
  )
  await lookAtLinesOf(
    client,
    inLine.rows.map(({ id }) => id),
  )
  for (const { queue_id: queueId, was, letters } of rows) {
    await recordTransfer(client, {
      queueId,
      from: was,
      to: 'discarded',
      letters,
      what: 'discard',
      reference: discard.discard,
    })
  }
  await client.query(
    `update discard set state = 'done', done_at = now(), done_by = $2, undoable_until = now() + make_interval(days => $3) where id = $1`,
    [discard.discard, discard.by, undoDays],
  )
  await recordAudit(client, {
    actor: discard.by,
    action: 'letters.discard',
    target: showDiscardId(discard.discard),
    reason: discard.reason,
    details: { selection: discard.selection, discarded },
  })
}
