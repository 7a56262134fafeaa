import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordAudit } from '../audit/index.ts'
import { lockForBulk } from '../letters/index.ts'
import { showTransformId } from '../store/ids.ts'
import { setVersions } from '../store/letter-versions.ts'
import type { Store } from '../store/store.ts'
import { isEditable } from './editable.ts'
import { workMs } from './preview-transform.ts'
import { nextLetters, readTransform, type TransformLetter } from './transform-rows.ts'

interface Request {
  /** UUID. */
  readonly transform: string
  readonly by: string
  readonly reason: string
  /** `next` of the call before. @default 0 */
  readonly from?: number
  /** Letters that the caller believes are edited by it; another number refuses. */
  readonly expect?: number
}

export interface Reverted {
  readonly reverted: number
  /** Letters that stay as they are: sent, being sent, ended, or edited again since. */
  readonly kept: number
  /** To be passed as `from`; `null` at the end. */
  readonly next: number | null
}

/**
 * Lets the version before the transform's count again, for each letter that is still unsent and at the transform's version. Chunk by chunk,
 * each in a transaction of its own with its audit entry; calling again is harmless.
 * @throws NOT_FOUND, PLAN_STALE (another number)
 */
export async function revertTransform(store: Store, request: Request, budgetMs: number = workMs): Promise<Reverted> {
  await readTransform(store.pool, request.transform)
  if (request.expect !== undefined) await agree(store, request.transform, request.expect)
  const endMs = performance.now() + budgetMs
  let [reverted, kept, from] = [0, 0, request.from ?? 0]
  for (;;) {
    const chunk = await store.transaction((client) => revertChunk(client, { ...request, from }))
    if (chunk === null) return { reverted, kept, next: null }
    reverted += chunk.reverted
    kept += chunk.kept
    from = chunk.next
    if (performance.now() >= endMs) return { reverted, kept, next: from }
  }
}

async function agree(store: Store, id: string, expect: number): Promise<void> {
  const { rows } = await store.pool.query<{ applied: number }>(
    `select count(*)::int as applied from transform_letter where transform_id = $1 and result = 'applied'`,
    [id],
  )
  const { applied } = rows[0] ?? { applied: 0 }
  if (applied === expect) return
  throw new RedriveError('PLAN_STALE', `${applied} letters are edited by this transform, not ${expect}.`, {
    hint: `Look at it again: redrive transform show ${showTransformId(id)}`,
    data: { applied },
  })
}

async function revertChunk(
  client: PoolClient,
  request: Request & { readonly from: number },
): Promise<{ readonly reverted: number; readonly kept: number; readonly next: number } | null> {
  await lockForBulk(client)
  const { id } = await readTransform(client, request.transform, { lock: true })
  const letters = await nextLetters(client, id, { where: 'applied', from: request.from })
  if (letters.length === 0) return null
  const parents = await parentsOfUnsent(client, letters)
  const unsent = letters.filter(({ letterId }) => parents.has(letterId))
  await setVersions(
    client,
    unsent.map(({ letterId }) => ({ letterId, version: parents.get(letterId) ?? 0 })),
  )
  await client.query(
    `update transform_letter set result = 'reverted' where transform_id = $1 and ordinal = any($2::int[])`,
    [id, unsent.map(({ ordinal }) => ordinal)],
  )
  if (unsent.length > 0)
    await recordAudit(client, {
      actor: request.by,
      action: 'transform.revert',
      target: showTransformId(id),
      reason: request.reason,
      details: {
        fromOrdinal: unsent[0]?.ordinal,
        toOrdinal: unsent.at(-1)?.ordinal,
        reverted: unsent.length,
      },
    })
  return { reverted: unsent.length, kept: letters.length - unsent.length, next: (letters.at(-1)?.ordinal ?? 0) + 1 }
}

/** Locks the letters. Those that are unsent and still at the version that was written have the version it was made of. */
async function parentsOfUnsent(
  client: PoolClient,
  letters: readonly TransformLetter[],
): Promise<ReadonlyMap<string, number>> {
  const written = new Map(letters.map(({ letterId, version }) => [letterId, version]))
  const { rows } = await client.query<{ id: string; state: string; version: number }>(
    'select id, state::text, version from letter where id = any($1::uuid[]) order by id for update',
    [[...written.keys()]],
  )
  const unsent = rows.filter(({ id, state, version }) => isEditable(state) && written.get(id) === version)
  const { rows: parents } = await client.query<{ letter_id: string; parent: number }>(
    `select v.letter_id, v.parent from unnest($1::uuid[], $2::int[]) as n(id, version)
     join letter_version v on v.letter_id = n.id and v.version = n.version`,
    [unsent.map(({ id }) => id), unsent.map(({ version }) => version)],
  )
  return new Map(parents.map(({ letter_id, parent }) => [letter_id, parent]))
}
