import { randomUUID } from 'node:crypto'
import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordAudit } from '../audit/index.ts'
import { resolveSelection, type Selected, type Selection } from '../letters/index.ts'
import { parsePlanId, showTransformId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { type GivenChange, readChange } from './change.ts'

/** Letters by selection, or those of a plan, with the plan's id as people see it. */
export type TransformSelection = Selection | { readonly plan: string }

export interface TransformRequest {
  readonly selection: TransformSelection
  readonly change: GivenChange
  readonly ignoreSchema: boolean
  readonly by: string
  readonly reason: string
  readonly nowMs: number
}

/** Most letters of one transform. */
export const maxTransformed = 100_000

/**
 * Fixes which letters a change is for, each in its revision: what arrives later, or is changed by somebody else, is not touched. Changes
 * no letter.
 * @returns its UUID
 * @throws REQUEST_INVALID, QUERY_INVALID, NOT_FOUND
 */
export async function createTransform(store: Store, request: TransformRequest): Promise<string> {
  const { selection, change } = request
  const { described } = readChange(change)
  const id = randomUUID()
  await store.transaction(async (client) => {
    const { ids, missing } = await lettersOf(client, selection, request.nowMs)
    if (ids.length > maxTransformed)
      throw new RedriveError(
        'REQUEST_INVALID',
        `These are ${ids.length.toLocaleString('en')} letters; one transform takes at most ${maxTransformed.toLocaleString('en')}.`,
        {
          hint: 'Narrow the query, for example by age: or release:.',
        },
      )
    await client.query(
      `insert into transform (id, created_by, reason, selection, change, ignore_schema, letters, missing)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        id,
        request.by,
        request.reason,
        'letters' in selection ? { letters: ids.length + missing.length } : selection,
        JSON.stringify(change),
        request.ignoreSchema,
        ids.length,
        missing.length,
      ],
    )
    await client.query(
      `insert into transform_letter (transform_id, ordinal, letter_id, revision)
       select $1, n - 1, l.id, l.revision from unnest($2::uuid[]) with ordinality as chosen(id, n) join letter l on l.id = chosen.id`,
      [id, ids],
    )
    await recordAudit(client, {
      actor: request.by,
      action: 'transform.create',
      target: showTransformId(id),
      reason: request.reason,
      details: { letters: ids.length, kinds: described.kinds, ignoreSchema: request.ignoreSchema },
    })
  })
  return id
}

async function lettersOf(client: PoolClient, selection: TransformSelection, nowMs: number): Promise<Selected> {
  if (!('plan' in selection)) return resolveSelection(client, selection, nowMs)
  const plan = parsePlanId(selection.plan)
  const { rowCount } = await client.query('select from plan where id = $1', [plan])
  if (rowCount === 0) throw new RedriveError('NOT_FOUND', `There is no plan ${selection.plan}.`)
  const { rows } = await client.query<{ letter_id: string }>(
    'select letter_id from plan_letter where plan_id = $1 order by ordinal',
    [plan],
  )
  return { ids: rows.map(({ letter_id }) => letter_id), missing: [] }
}
