import { randomUUID } from 'node:crypto'
import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordAudit } from '../audit/index.ts'
import { lockForBulk, parseQuery, resolveSelection, type Selection } from '../letters/index.ts'
import type { Store } from '../store/store.ts'
import { changeMarks, type Known } from './change-marks.ts'
import { moveLetters } from './mark.ts'
import { allowResending } from './possible-duplicates.ts'

/** `sent`: it arrived, so it is replayed. `not-sent`: it did not, so it is open. `resend`: nobody knows; it is open, and its next replay is marked. */
export type Decision = 'sent' | 'not-sent' | 'resend'

export interface Decided {
  readonly decided: number
  /** Selected, but not uncertain by now. */
  readonly skipped: number
}

/**
 * A person says what became of uncertain letters. A query or a cause means its uncertain letters.
 *
 * @param request.expect how many the caller believes it is about; another number refuses
 * @throws REQUEST_INVALID, QUERY_INVALID, NOT_FOUND, PLAN_STALE
 */
export function decideUncertain(
  store: Store,
  request: {
    readonly selection: Selection
    readonly decision: Decision
    readonly expect: number
    readonly by: string
    readonly reason: string
    readonly nowMs: number
  },
): Promise<Decided> {
  const { decision, by, reason } = request
  return store.transaction(async (client) => {
    await lockForBulk(client)
    const selected = await resolveSelection(client, uncertainOnly(request.selection), request.nowMs)
    const doubts = await lockDoubts(client, selected.ids)
    const { rows } = await client.query<{ id: string }>(
      `select id from letter where id = any($1::uuid[]) and state = 'uncertain' order by id for update`,
      [selected.ids],
    )
    const ids = rows.map(({ id }) => id)
    if (ids.length !== request.expect) {
      throw new RedriveError('PLAN_STALE', `${ids.length} of these letters are uncertain, not ${request.expect}.`, {
        hint: 'Look at them again: redrive uncertain list',
        data: { uncertain: ids.length },
      })
    }
    const known: Known =
      decision === 'sent' ? { mark: 's' } : { mark: 'n', reason: `decided by ${by} (${decision}): ${reason}` }
    const chosen = new Set(ids)
    for (const each of Map.groupBy(doubts, ({ runId, fromOrdinal }) => `${runId} ${fromOrdinal}`).values()) {
      const [first] = each
      if (first === undefined) continue
      const ordinals = each.filter(({ letterId }) => chosen.has(letterId)).map(({ ordinal }) => ordinal)
      await changeMarks(client, first, new Map(ordinals.map((ordinal) => [ordinal, known])))
    }
    const reference = randomUUID()
    await moveLetters(client, { ids, from: 'uncertain', to: decision === 'sent' ? 'replayed' : 'open', reference })
    if (decision === 'resend') await allowResending(client, { letters: ids, by })
    await recordAudit(client, {
      actor: by,
      action: 'letters.decide-uncertain',
      target: reference,
      reason,
      details: { selection: request.selection, decision, decided: ids.length },
    })
    return { decided: ids.length, skipped: selected.ids.length + selected.missing.length - ids.length }
  })
}

function uncertainOnly(selection: Selection): Selection {
  const { query, cause, letters } = selection
  if (letters !== undefined || (query === undefined) === (cause === undefined)) return selection
  if (cause !== undefined) return { query: `cause:${cause} state:uncertain` }
  const text = query ?? ''
  const saysState = parseQuery(text).conditions.some(({ field }) => field === 'state')
  return text.trim() === '' || saysState ? selection : { query: `${text} state:uncertain` }
}

interface Doubt {
  readonly runId: string
  readonly fromOrdinal: number
  readonly ordinal: number
  readonly letterId: string
}

/** The intents that leave these letters uncertain, locked in the order evidence locks them in, and before the letters. */
async function lockDoubts(client: PoolClient, letters: readonly string[]): Promise<readonly Doubt[]> {
  const { rows } = await client.query<Doubt>(
    `select i.run_id as "runId", i.from_ordinal as "fromOrdinal", p.ordinal, p.letter_id as "letterId"
     from plan_letter p join run r on r.plan_id = p.plan_id
     join intent i on i.run_id = r.id and i.from_ordinal <= p.ordinal and i.to_ordinal > p.ordinal
     where p.letter_id = any($1::uuid[]) and i.uncertain > 0
     order by i.run_id, i.from_ordinal for no key update of i`,
    [letters],
  )
  return rows
}
