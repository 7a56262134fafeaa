import type { PoolClient } from 'pg'
import type { Store } from '../store/store.ts'
import { nextLetters, readTransform, type TransformRow } from './transform-rows.ts'
import { type Tried, tryLetters, whyOf } from './try-letters.ts'

/** How long one call works; what is left is for the next one. */
export const workMs = 5_000

/**
 * Tries the change on letters that it was not tried on yet, and notes for each whether it can be done. Changes no letter.
 * @returns whether all were tried
 * @throws NOT_FOUND
 */
export async function previewTransform(store: Store, id: string, budgetMs: number = workMs): Promise<boolean> {
  const transform = await readTransform(store.pool, id)
  const endMs = performance.now() + budgetMs
  for (;;) {
    const tried = await store.transaction((client) => tryChunk(client, transform))
    if (tried === 0) return true
    if (performance.now() >= endMs) return false
  }
}

async function tryChunk(client: PoolClient, transform: TransformRow): Promise<number> {
  const letters = await nextLetters(client, transform.id, { where: 'untried' })
  if (letters.length === 0) return 0
  const tried = await tryLetters(client, transform, { letters, lock: false })
  await client.query(
    `update transform_letter t set verdict = n.verdict::transform_verdict, why = n.why
     from unnest($2::int[], $3::text[], $4::text[]) as n(ordinal, verdict, why)
     where t.transform_id = $1 and t.ordinal = n.ordinal and t.verdict is null`,
    [
      transform.id,
      tried.map(({ letter }) => letter.ordinal),
      tried.map(verdictOf),
      tried.map(({ changed }) => whyOf(changed)),
    ],
  )
  return tried.length
}

const verdictOf = ({ changed }: Tried): string => (changed.kind === 'changed' ? 'applicable' : changed.kind)
