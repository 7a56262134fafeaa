import { RedriveError } from '@redrive/worker'
import { recordAudit } from '../audit/index.ts'
import { showErasureId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { noErasure } from './plan-erasure.ts'
import { textsOf } from './texts.ts'
import { without } from './without.ts'

export interface ErasureOrder {
  /** UUID. */
  readonly erasure: string
  readonly by: string
  readonly reason: string
  /** How many letters the caller believes are in it; another number erases none. */
  readonly expect: number
  /** What people wrote goes as well where it names the person. */
  readonly alsoWords: boolean
}

/**
 * From here on it goes by itself to its end, whatever ends an office on the way, and cannot be taken back.
 * @throws NOT_FOUND, STATE_CONFLICT (begun already), PLAN_STALE (another number), REQUEST_INVALID (no letters; a reason that names the person)
 */
export async function beginErasure(store: Store, order: ErasureOrder): Promise<void> {
  const { erasure: id, by, reason, expect, alsoWords } = order
  await store.transaction(async (client) => {
    const { rows } = await client.query<{ state: string; letters: number }>(
      'select state, letters from erasure where id = $1 for update',
      [id],
    )
    const [planned] = rows
    if (planned === undefined) throw noErasure()
    if (reason.trim() === '' || by.trim() === '')
      throw new RedriveError('REQUEST_INVALID', 'An erasure needs a reason and a name.', {
        hint: 'Pass --reason and --by.',
      })
    if (planned.state !== 'planned')
      throw new RedriveError('STATE_CONFLICT', 'This erasure was begun already.', {
        hint: `Look how far it is: redrive erase show ${showErasureId(id)}`,
      })
    if (planned.letters === 0) throw new RedriveError('REQUEST_INVALID', 'The erasure holds no letters: nothing to do.')
    if (planned.letters !== expect)
      throw new RedriveError(
        'PLAN_STALE',
        `The erasure holds ${planned.letters} letters, not ${expect}. None was erased.`,
        {
          hint: `Look at them again: redrive erase show ${showErasureId(id)}`,
        },
      )
    const texts = await textsOf(client, id)
    if (without(`${reason} ${by}`, texts) !== `${reason} ${by}`)
      throw new RedriveError(
        'REQUEST_INVALID',
        'The reason names what is to be erased, and the reason is kept for good.',
        {
          hint: 'Write the number of the ticket or of the request instead.',
        },
      )
    await client.query(
      `update erasure set state = 'running', reason = $2, begun_at = now(), begun_by = $3, also_words = $4 where id = $1`,
      [id, reason, by, alsoWords],
    )
    await recordAudit(client, {
      actor: by,
      action: 'letters.erase',
      target: showErasureId(id),
      reason,
      details: { letters: planned.letters, alsoWords },
    })
  })
}
