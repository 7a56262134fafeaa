import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordAudit } from '../audit/index.ts'
import { lockForBulk } from '../letters/index.ts'
import { showTransformId } from '../store/ids.ts'
import { insertVersions, type NewVersion, nextVersions, setVersions } from '../store/letter-versions.ts'
import type { Store } from '../store/store.ts'
import { workMs } from './preview-transform.ts'
import { nextLetters, readTransform, type TransformRow } from './transform-rows.ts'
import { type Tried, tryLetters, whyOf } from './try-letters.ts'

/**
 * Writes the versions, chunk by chunk, each in a transaction of its own with its audit entry. Whoever calls again, also after a crash, goes on
 * where it ended; a letter is done once. One that was changed since the preview, or left `open`, is refused by itself.
 *
 * @param request.expect letters that the caller believes it can be applied to; another number refuses
 * @returns whether nothing is left to do
 * @throws NOT_FOUND, STATE_CONFLICT (the preview is not complete), PLAN_STALE (another number)
 */
export async function applyTransform(
  store: Store,
  request: { readonly transform: string; readonly by: string; readonly expect?: number },
  budgetMs: number = workMs,
): Promise<boolean> {
  await agree(store, request)
  const endMs = performance.now() + budgetMs
  for (;;) {
    const done = await store.transaction((client) => applyChunk(client, request))
    if (done === 0) return true
    if (performance.now() >= endMs) return false
  }
}

async function agree(store: Store, request: { readonly transform: string; readonly expect?: number }): Promise<void> {
  await readTransform(store.pool, request.transform)
  const { rows } = await store.pool.query<{ untried: boolean; applicable: number }>(
    `select exists (select from transform_letter where transform_id = $1 and verdict is null) as untried,
       (select count(*)::int from transform_letter where transform_id = $1 and verdict = 'applicable') as applicable`,
    [request.transform],
  )
  const { untried, applicable } = rows[0] ?? { untried: true, applicable: 0 }
  const shown = showTransformId(request.transform)
  if (untried)
    throw new RedriveError('STATE_CONFLICT', 'The preview of this transform is not complete.', {
      hint: `Complete it: redrive transform show ${shown}`,
    })
  if (request.expect !== undefined && request.expect !== applicable)
    throw new RedriveError(
      'PLAN_STALE',
      `The transform can be applied to ${applicable} letters, not ${request.expect}.`,
      {
        hint: `Look at it again: redrive transform show ${shown}`,
        data: { applicable },
      },
    )
}

async function applyChunk(
  client: PoolClient,
  request: { readonly transform: string; readonly by: string },
): Promise<number> {
  await lockForBulk(client)
  const transform = await readTransform(client, request.transform, { lock: true })
  const next = await nextLetters(client, transform.id, { where: 'unapplied' })
  if (next.length === 0) return 0
  const tried = await tryLetters(client, transform, { letters: next, lock: true })
  const letters = tried.map(({ letter }) => letter)
  const versions = await nextVersions(
    client,
    letters.map(({ letterId }) => letterId),
  )
  const made = tried.flatMap((each) =>
    versionOf(each, { transform, by: request.by, version: versions.get(each.letter.letterId) ?? 1 }),
  )
  await insertVersions(client, made)
  await setVersions(client, made)
  const written = new Map(made.map(({ letterId, version }) => [letterId, version]))
  await client.query(
    `update transform_letter t set result = n.result::transform_result, version = n.version, why = n.why
     from unnest($2::int[], $3::text[], $4::int[], $5::text[]) as n(ordinal, result, version, why)
     where t.transform_id = $1 and t.ordinal = n.ordinal`,
    [
      transform.id,
      letters.map(({ ordinal }) => ordinal),
      letters.map(({ letterId }) => (written.has(letterId) ? 'applied' : 'refused')),
      letters.map(({ letterId }) => written.get(letterId) ?? null),
      tried.map(({ changed }) => (changed.kind === 'unchanged' ? 'every byte is as it would be' : whyOf(changed))),
    ],
  )
  await recordAudit(client, {
    actor: request.by,
    action: 'transform.apply',
    target: showTransformId(transform.id),
    reason: transform.reason,
    details: {
      fromOrdinal: letters[0]?.ordinal,
      toOrdinal: letters.at(-1)?.ordinal,
      applied: made.length,
      refused: letters.length - made.length,
    },
  })
  return letters.length
}

function versionOf(
  { changed, found, letter }: Tried,
  of: { readonly transform: TransformRow; readonly by: string; readonly version: number },
): readonly NewVersion[] {
  if (changed.kind !== 'changed' || found === undefined) return []
  const { transform, by: author, version } = of
  // The patch is kept once, with the transform.
  const edit = { kinds: transform.change.described.kinds, ...(transform.ignoreSchema ? { ignoreSchema: true } : {}) }
  const { content, bytes } = changed
  const { id: transformId, reason } = transform
  return [
    { letterId: letter.letterId, version, parent: found.version, author, reason, ...content, bytes, edit, transformId },
  ]
}
