import { RedriveError } from '@redrive/worker'
import type { Pool, PoolClient } from 'pg'
import { currentContent } from '../store/letter-versions.ts'
import { type Change, type GivenChange, readChange } from './change.ts'
import { transformWaitsDays } from './end-old-transforms.ts'

export interface TransformRow {
  /** UUID. */
  readonly id: string
  readonly createdAt: Date
  readonly createdBy: string
  readonly reason: string
  readonly selection: unknown
  readonly given: GivenChange
  readonly change: Change
  readonly ignoreSchema: boolean
  readonly letters: number
  readonly missing: number
}

/** @param options.lock one process at a time works on a transform's letters @throws NOT_FOUND */
export async function readTransform(
  client: Pool | PoolClient,
  id: string,
  options: { readonly lock: boolean } = { lock: false },
): Promise<TransformRow> {
  const { rows } = await client.query<Row>(
    `select created_at, created_by, reason, selection, change, ignore_schema, letters, missing from transform where id = $1
     ${options.lock ? 'for update' : ''}`,
    [id],
  )
  const [row] = rows
  if (row === undefined)
    throw new RedriveError('NOT_FOUND', 'There is no such transform.', {
      hint: `Make one: redrive transform preview … --patch FILE. One that nobody applies is forgotten after ${transformWaitsDays} days.`,
    })
  const given = JSON.parse(row.change) as GivenChange
  return {
    id,
    createdAt: row.created_at,
    createdBy: row.created_by,
    reason: row.reason,
    selection: row.selection,
    given,
    change: readChange(given),
    ignoreSchema: row.ignore_schema,
    letters: row.letters,
    missing: row.missing,
  }
}

interface Row {
  readonly created_at: Date
  readonly created_by: string
  readonly reason: string
  readonly selection: unknown
  readonly change: string
  readonly ignore_schema: boolean
  readonly letters: number
  readonly missing: number
}

/** One letter of a transform. */
export interface TransformLetter {
  readonly ordinal: number
  readonly letterId: string
  readonly revision: number
  readonly version: number | null
}

/** Most letters and bytes that are worked on at a time; a single letter may have more. */
const maxLetters = 500
const maxBytes = 8 * 1024 * 1024

/**
 * The next letters of a transform, by ordinal.
 * @param options.where whose letters still have something to be done to them: one of the conditions that have an index
 */
export async function nextLetters(
  client: PoolClient,
  id: string,
  options: { readonly where: keyof typeof conditions; readonly from?: number },
): Promise<readonly TransformLetter[]> {
  const { rows } = await client.query<{ ordinal: number; letter_id: string; revision: number; version: number | null }>(
    `select ordinal, letter_id, revision, version from (
       select t.*, sum(${current.bytes}) over (order by ordinal) - ${current.bytes} as before from (
         select ordinal, letter_id, revision, version from transform_letter
         where transform_id = $1 and ordinal >= $2 and ${conditions[options.where]} order by ordinal limit ${maxLetters}
       ) t join letter l on l.id = t.letter_id left join letter_content c on c.id = l.id ${current.join}
     ) as letter where coalesce(before, 0) < $3 order by ordinal`,
    [id, options.from ?? 0, maxBytes],
  )
  return rows.map(({ letter_id: letterId, ...row }) => ({ letterId, ...row }))
}

const current = currentContent({ letterId: 'l.id', version: 'l.version' })

const conditions = {
  untried: 'verdict is null',
  unapplied: `verdict = 'applicable' and result is null`,
  applied: `result = 'applied'`,
} as const
