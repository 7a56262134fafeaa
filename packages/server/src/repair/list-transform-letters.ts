import { parseLetterId, showLetterId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { readTransform } from './transform-rows.ts'

export interface TransformLetterView {
  readonly letter: string
  readonly verdict: 'applicable' | 'unchanged' | 'refused' | null
  readonly result: 'applied' | 'refused' | 'reverted' | null
  /** The version that was written. */
  readonly version: number | null
  readonly why: string | null
}

/** Which letters a page of them is about. */
export type TransformPart = 'all' | 'applicable' | 'unchanged' | 'refused' | 'applied' | 'reverted'

const parts: Readonly<Record<TransformPart, string>> = {
  all: 'true',
  applicable: `verdict = 'applicable'`,
  unchanged: `verdict = 'unchanged'`,
  refused: `(verdict = 'refused' or result = 'refused')`,
  applied: `result = 'applied'`,
  reverted: `result = 'reverted'`,
}

/** Letter by letter, in the order of the selection. @param page.after id of the last letter of the page before @throws NOT_FOUND */
export async function listTransformLetters(
  store: Store,
  id: string,
  page: { readonly part: TransformPart; readonly limit: number; readonly after?: string },
): Promise<{ readonly letters: readonly TransformLetterView[]; readonly next: string | null }> {
  await readTransform(store.pool, id)
  const after = page.after === undefined ? null : parseLetterId(page.after)
  const { rows } = await store.pool.query<Omit<TransformLetterView, 'letter'> & { readonly letter_id: string }>(
    `select letter_id, verdict::text, result::text, version, why from transform_letter
     where transform_id = $1 and ${parts[page.part]}
       and ordinal > coalesce((select ordinal from transform_letter where transform_id = $1 and letter_id = $2), -1)
     order by ordinal limit $3`,
    [id, after, page.limit + 1],
  )
  const letters = rows
    .slice(0, page.limit)
    .map(({ letter_id, ...row }) => ({ letter: showLetterId(letter_id), ...row }))
  return { letters, next: rows.length > page.limit ? (letters.at(-1)?.letter ?? null) : null }
}
