import { randomUUID } from 'node:crypto'
import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordAudit } from '../../audit/index.ts'
import { showDiscardId } from '../../store/ids.ts'
import { currentContent } from '../../store/letter-versions.ts'
import type { Store } from '../../store/store.ts'
import { resolveSelection, type Selection } from '../selection.ts'

export interface DiscardRequest {
  readonly selection: Selection
  readonly by: string
  readonly reason: string
  readonly nowMs: number
}

export interface Frozen {
  /** UUID. */
  readonly id: string
  readonly letters: number
  /** Selected, but in a state that cannot be discarded, or not there. */
  readonly skipped: number
}

/**
 * Freezes which letters are to be discarded; ends none.
 * @throws REQUEST_INVALID without a reason and a name, QUERY_INVALID, NOT_FOUND
 */
export async function planDiscard(store: Store, request: DiscardRequest): Promise<Frozen> {
  checkSaid(request)
  return store.transaction(async (client) => {
    await client.query('set local statement_timeout to 0')
    const frozen = await freezeLetters(client, request, { isLocked: false })
    await recordAudit(client, {
      actor: request.by,
      action: 'discard.plan',
      target: showDiscardId(frozen.id),
      reason: request.reason,
      details: { selection: request.selection, letters: frozen.letters, skipped: frozen.skipped },
    })
    return frozen
  })
}

/** @throws REQUEST_INVALID */
export function checkSaid({ by, reason }: { readonly by: string; readonly reason: string }): void {
  if (reason.trim() !== '' && by.trim() !== '') return
  throw new RedriveError('REQUEST_INVALID', 'A discard needs a reason and a name.', { hint: 'Pass --reason and --by.' })
}

const pageSize = 10_000
const current = currentContent({ letterId: 'l.id', version: 'l.version' })

/** @param isLocked nobody changes them until the transaction ends */
export async function freezeLetters(
  client: PoolClient,
  { selection, by, reason, nowMs }: DiscardRequest,
  { isLocked }: { readonly isLocked: boolean },
): Promise<Frozen> {
  const id = randomUUID()
  const { ids, missing } = await resolveSelection(client, selection, nowMs)
  await client.query('insert into discard (id, created_by, reason, selection) values ($1, $2, $3, $4)', [
    id,
    by,
    reason,
    JSON.stringify(selection),
  ])
  let letters = 0
  for (let from = 0; from < ids.length; from += pageSize) {
    const { rowCount } = await client.query(
      `with chosen as (
         select id, state, revision, version from letter
         where id = any($2::uuid[]) and state in ('open', 'held', 'uncertain') order by id ${isLocked ? 'for update' : ''}
       )
       insert into discard_letter (discard_id, letter_id, was, is_doubted, revision, body_sha256)
       select $1, l.id, l.state, l.state = 'uncertain' and exists (select from attempt a where a.letter_id = l.id and a.state = 'uncertain'),
         l.revision, ${current.bodySha256}
         from chosen l join letter_content c on c.id = l.id ${current.join} where c.id = any($2::uuid[])`,
      [id, ids.slice(from, from + pageSize)],
    )
    letters += rowCount ?? 0
  }
  const skipped = ids.length + missing.length - letters
  await client.query('update discard set letters = $2, skipped = $3 where id = $1', [id, letters, skipped])
  return { id, letters, skipped }
}
