import { discardLetters } from '../letters/index.ts'
import { showErasureId, showLetterId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { endLetters } from './end-letters.ts'
import { forgetCauses, homesOf, inputOf, type TextRow, textColumns, textJoins } from './forget-causes.ts'

const batchSize = 500
const discardSize = 5_000

/** Ends letters of an erasure that lie in the database, batch by batch. */
export async function endLive(
  store: Store,
  { erasure, signal }: { readonly erasure: string; readonly signal: AbortSignal },
): Promise<void> {
  let after: string | null = '00000000-0000-0000-0000-000000000000'
  while (after !== null && !signal.aborted) after = await endBatch(store, erasure, after)
}

async function endBatch(store: Store, erasure: string, after: string): Promise<string | null> {
  return store.transaction(async (client) => {
    await client.query('set local statement_timeout to 0')
    const { rows } = await client.query<TextRow>(
      `select l.id, l.cause_id::text, ${textColumns} from (
         select letter_id from erasure_letter where erasure_id = $1 and letter_id > $2 order by letter_id limit ${batchSize}) e
         join letter l on l.id = e.letter_id ${textJoins} where l.state <> 'archived' order by l.id`,
      [erasure, after],
    )
    const { rows: window } = await client.query<{ id: string }>(
      `select letter_id as id from (select letter_id from erasure_letter where erasure_id = $1 and letter_id > $2 order by letter_id limit ${batchSize}) w
        order by letter_id desc limit 1`,
      [erasure, after],
    )
    const letters = rows.map((row) => ({ id: row.id, causeId: row.cause_id, input: inputOf(row) }))
    const homes = await homesOf(client, letters)
    const ended = new Set(await endLetters(client, { erasure, ids: letters.map(({ id }) => id) }))
    await forgetCauses(client, { erasure, letters: letters.filter(({ id }) => ended.has(id)), homes })
    return window[0]?.id ?? null
  })
}

/**
 * A worker that keeps the order of a key waits for its letters: those are discarded first, which tells it, and erased once it knows.
 */
export async function discardInLine(
  store: Store,
  erasure: { readonly id: string; readonly by: string },
): Promise<void> {
  for (;;) {
    const { rows } = await store.pool.query<{ id: string }>(
      `select l.id from erasure_letter e join letter l on l.id = e.letter_id join letter_line h on h.letter_id = l.id
        where e.erasure_id = $1 and l.state in ('open', 'held') and not h.is_resolved order by l.id limit ${discardSize}`,
      [erasure.id],
    )
    if (rows.length === 0) return
    await discardLetters(store, {
      selection: { letters: rows.map(({ id }) => showLetterId(id)) },
      by: erasure.by,
      reason: `erasure ${showErasureId(erasure.id)}: its worker has to know that its key goes on`,
      nowMs: Date.now(),
    })
  }
}
