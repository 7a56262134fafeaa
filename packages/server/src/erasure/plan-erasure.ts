import { createHash, randomUUID } from 'node:crypto'
import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordAudit } from '../audit/index.ts'
import { type EverySelection, parseQuery, resolveEvery } from '../letters/index.ts'
import { parseLetterId, showErasureId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { leastText } from './texts.ts'

/** A plan that nobody carried out is forgotten: it holds what was asked for. */
export const planKeptHours = 24
/** Most texts that are looked for elsewhere. */
const maxTexts = 10_000
const maxTextLength = 500
/** Keys of letters that are shorter say nothing about whom they are of. */
const leastKey = 4
const pageSize = 10_000

export interface ErasureRequest {
  readonly selection: EverySelection
  readonly by: string
  readonly nowMs: number
}

/**
 * Freezes which letters are to be erased, in whatever state; erases none. What was asked for is kept as a hash, and as text only until the erasure
 * is done or its plan is forgotten.
 * @returns UUID
 * @throws REQUEST_INVALID, QUERY_INVALID, NOT_FOUND
 */
export async function planErasure(store: Store, { selection, by, nowMs }: ErasureRequest): Promise<string> {
  return store.transaction(async (client) => {
    await client.query('set local statement_timeout to 0')
    const { ids: there, missing } = await resolveEvery(client, selection, nowMs)
    const ids = [...there, ...(await deletedOf(client, missing))]
    const id = randomUUID()
    await client.query(
      `insert into erasure (id, created_by, selected_by, selection_sha256, letters) values ($1, $2, $3, $4, $5)`,
      [id, by, kindOf(selection), hashOf(selection), ids.length],
    )
    for (let from = 0; from < ids.length; from += pageSize)
      await client.query('insert into erasure_letter (erasure_id, letter_id) select $1, unnest($2::uuid[])', [
        id,
        ids.slice(from, from + pageSize),
      ])
    await noteTexts(client, id, saidIn(selection))
    await noteKeys(client, id)
    await recordAudit(client, {
      actor: by,
      action: 'erasure.plan',
      target: showErasureId(id),
      reason: null,
      details: { selectedBy: kindOf(selection), sha256: hashOf(selection).toString('hex'), letters: ids.length },
    })
    return id
  })
}

/** Letters that retention deleted: a hash of their bodies is left. */
async function deletedOf(client: PoolClient, ids: readonly string[]): Promise<readonly string[]> {
  if (ids.length === 0) return []
  const { rows } = await client.query<{ id: string }>(
    'select letter_id as id from tombstone where letter_id = any($1::uuid[]) and not is_erased',
    [ids.map(parseLetterId)],
  )
  return rows.map(({ id }) => id)
}

/** Forgets plans that nobody carried out. @returns how many */
export async function forgetPlans(store: Store): Promise<number> {
  const { rowCount } = await store.pool.query(
    `delete from erasure where state = 'planned' and created_at < now() - make_interval(hours => $1)`,
    [planKeptHours],
  )
  return rowCount ?? 0
}

function kindOf({ key, query }: EverySelection): 'key' | 'query' | 'letters' {
  if (key !== undefined) return 'key'
  return query === undefined ? 'letters' : 'query'
}

function hashOf({ key, query, letters }: EverySelection): Buffer {
  return createHash('sha256')
    .update(key ?? query ?? (letters ?? []).toSorted().join('\n'))
    .digest()
}

/** Whether words, of which an index holds a part, chose the letters. @throws QUERY_INVALID */
export function isByWords({ query }: EverySelection): boolean {
  return query !== undefined && parseQuery(query).conditions.some(({ field }) => field === 'text')
}

/** What of a selection may be a person's: its key, and the keys and words of its query. */
function saidIn({ key, query }: EverySelection): readonly string[] {
  if (key !== undefined) return [key]
  if (query === undefined) return []
  const personal = new Set(['key', 'text'])
  return parseQuery(query).conditions.flatMap((condition) =>
    personal.has(condition.field) && 'values' in condition && !condition.negated ? condition.values : [],
  )
}

export async function noteTexts(client: PoolClient, id: string, texts: readonly string[]): Promise<void> {
  const fit = texts.filter((said) => said.trim().length >= leastText && said.length <= maxTextLength)
  if (fit.length === 0) return
  await client.query(
    'insert into erasure_text (erasure_id, said) select $1, unnest($2::text[]) on conflict do nothing',
    [id, fit.map((said) => said.toWellFormed())],
  )
}

/** Keys of the letters and of their edits, but for those that others have as well: these are not of this person alone. */
async function noteKeys(client: PoolClient, id: string): Promise<void> {
  const { rows } = await client.query<{ key: Buffer }>(
    `with own as (
       select distinct key from (
         select c.key from erasure_letter e join letter_content c on c.id = e.letter_id where e.erasure_id = $1
         union all select v.key from erasure_letter e join letter_version v on v.letter_id = e.letter_id where e.erasure_id = $1) k
        where key is not null and length(key) between $2 and $3 limit $4
     )
     select key from own where not exists (
       select from letter_content c where c.key = own.key and not exists (select from erasure_letter e where e.erasure_id = $1 and e.letter_id = c.id))`,
    [id, leastKey, maxTextLength, maxTexts],
  )
  await noteTexts(
    client,
    id,
    rows.flatMap(({ key }) => {
      const text = key.toString('utf8')
      const isText = Buffer.from(text, 'utf8').equals(key) && !text.includes('\0')
      return isText ? [text] : []
    }),
  )
}

export function noErasure(): RedriveError {
  return new RedriveError('NOT_FOUND', 'There is no such erasure.', {
    hint: `List them: redrive erase list. A plan that nobody carried out is forgotten after ${planKeptHours} hours.`,
  })
}
