import type { PoolClient } from 'pg'
import { showLetterId, showTransformId } from '../store/ids.ts'
import { contentOfVersion, type VersionContent } from '../store/letter-versions.ts'
import type { Store } from '../store/store.ts'
import type { GivenChange } from './change.ts'
import { diffContents, type PartDiff } from './diff-contents.ts'
import { readTransform, type TransformLetter, type TransformRow } from './transform-rows.ts'
import { tryLetters } from './try-letters.ts'

export interface TransformView {
  readonly id: string
  readonly createdAt: string
  readonly createdBy: string
  readonly reason: string
  readonly selection: unknown
  readonly change: GivenChange
  readonly ignoreSchema: boolean
  readonly letters: number
  /** Named in the selection, but not there. */
  readonly missing: number
  /** `untried` is 0 once the preview is complete. */
  readonly preview: {
    readonly untried: number
    readonly applicable: number
    readonly unchanged: number
    readonly refused: number
  }
  /** `left` of the applicable ones is still to be done; `refused` of them could not be done any more. */
  readonly done: {
    readonly left: number
    readonly applied: number
    readonly refused: number
    readonly reverted: number
  }
  /** Why letters were refused, the most frequent first; at most 20. */
  readonly reasons: readonly { readonly why: string; readonly letters: number }[]
  readonly sample: readonly { readonly letter: string; readonly parts: readonly PartDiff[] }[]
}

/** Most lines of one part in a sample's diff. */
const sampleLines = 60

interface SampleOptions {
  /** So many letters are shown as diffs. */
  readonly sample: number
  /** What is laid out of their contents. @default all */
  readonly shown?: (content: VersionContent) => VersionContent
}

/** @param sample so many letters are shown as diffs, spread over all to which it can be applied @throws NOT_FOUND */
export async function showTransform(
  store: Store,
  id: string,
  { sample, shown = (content) => content }: SampleOptions,
): Promise<TransformView> {
  const transform = await readTransform(store.pool, id)
  const { rows } = await store.pool.query<Readonly<Record<string, number>>>(
    `select count(*) filter (where verdict is null)::int as untried, count(*) filter (where verdict = 'applicable')::int as applicable,
       count(*) filter (where verdict = 'unchanged')::int as unchanged, count(*) filter (where verdict = 'refused')::int as refused,
       count(*) filter (where verdict = 'applicable' and result is null)::int as left, count(*) filter (where result = 'applied')::int as applied,
       count(*) filter (where result = 'refused')::int as refused_later, count(*) filter (where result = 'reverted')::int as reverted
     from transform_letter where transform_id = $1`,
    [id],
  )
  const counts = rows[0] ?? {}
  const count = (name: string): number => counts[name] ?? 0
  const reasons = await store.pool.query<{ why: string; letters: number }>(
    `select why, count(*)::int as letters from transform_letter
     where transform_id = $1 and (verdict = 'refused' or result = 'refused') and why is not null group by 1 order by 2 desc, 1 limit 20`,
    [id],
  )
  return {
    id: showTransformId(id),
    createdAt: transform.createdAt.toISOString(),
    createdBy: transform.createdBy,
    reason: transform.reason,
    selection: transform.selection,
    change: transform.given,
    ignoreSchema: transform.ignoreSchema,
    letters: transform.letters,
    missing: transform.missing,
    preview: {
      untried: count('untried'),
      applicable: count('applicable'),
      unchanged: count('unchanged'),
      refused: count('refused'),
    },
    done: {
      left: count('left'),
      applied: count('applied'),
      refused: count('refused_later'),
      reverted: count('reverted'),
    },
    reasons: reasons.rows,
    sample:
      sample === 0
        ? []
        : await store.transaction((client) => sampleOf(client, transform, { sample, shown }), { readOnly: true }),
  }
}

async function sampleOf(
  client: PoolClient,
  transform: TransformRow,
  { sample: size, shown: laidOut }: Required<SampleOptions>,
): Promise<TransformView['sample']> {
  const { rows } = await client.query<{ ordinal: number; letter_id: string; revision: number; version: number | null }>(
    `select ordinal, letter_id, revision, version from (
       select *, row_number() over (order by ordinal) - 1 as n, count(*) over () as total
       from transform_letter where transform_id = $1 and verdict = 'applicable' and result is distinct from 'refused'
     ) as letter where n % greatest(1, total / $2) = 0 order by ordinal limit $2`,
    [transform.id, size],
  )
  const shown: TransformView['sample'][number][] = []
  for (const { letter_id: letterId, ...row } of rows) {
    const contents = await beforeAndAfter(client, transform, { letterId, ...row })
    if (contents === null) continue
    shown.push({
      letter: showLetterId(letterId),
      parts: diffContents(laidOut(contents[0]), laidOut(contents[1]), sampleLines),
    })
  }
  return shown
}

/** What was done, once it is; until then what would be. */
async function beforeAndAfter(
  client: PoolClient,
  transform: TransformRow,
  letter: TransformLetter,
): Promise<readonly [VersionContent, VersionContent] | null> {
  if (letter.version === null) {
    const [tried] = await tryLetters(client, transform, { letters: [letter], lock: false })
    const before = tried?.found?.content
    return tried?.changed.kind === 'changed' && before ? [before, tried.changed.content] : null
  }
  const { rows } = await client.query<{ parent: number }>(
    'select parent from letter_version where letter_id = $1 and version = $2',
    [letter.letterId, letter.version],
  )
  const before = await contentOfVersion(client, letter.letterId, rows[0]?.parent ?? 0)
  const after = await contentOfVersion(client, letter.letterId, letter.version)
  return before === undefined || after === undefined ? null : [before, after]
}

/** Newest first, without samples. */
export async function listTransforms(store: Store, limit: number): Promise<readonly TransformView[]> {
  const { rows } = await store.pool.query<{ id: string }>(
    'select id from transform order by created_at desc limit $1',
    [limit],
  )
  return Promise.all(rows.map(({ id }) => showTransform(store, id, { sample: 0 })))
}
