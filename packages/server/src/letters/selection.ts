import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { parseCauseId, parseLetterId } from '../store/ids.ts'
import { parseQuery, type Query } from './query.ts'
import { selectLetterIds } from './select.ts'

/** Which letters a plan or a discard is about: exactly one of the three. */
export interface Selection {
  readonly query?: string
  readonly cause?: string
  readonly letters?: readonly string[]
}

/** Ids as UUIDs, oldest first. The selection is made once; what arrives later is not in it. */
export interface Selected {
  readonly ids: readonly string[]
  /** Ids that were named but do not exist. */
  readonly missing: readonly string[]
}

/** Most letters one plan or discard may hold. */
export const maxSelected = 1_000_000

/** Which letters an erasure is about, in whatever state: exactly one of the three. */
export interface EverySelection {
  /** Of letters and of their edits, as UTF-8, whole. */
  readonly key?: string
  readonly query?: string
  readonly letters?: readonly string[]
}

/** Letters in any state, unless the query names one. @throws REQUEST_INVALID, QUERY_INVALID, NOT_FOUND */
export async function resolveEvery(client: PoolClient, selection: EverySelection, nowMs: number): Promise<Selected> {
  const { key, query, letters } = selection
  if ([key, query, letters].filter((each) => each !== undefined).length !== 1)
    throw new RedriveError('REQUEST_INVALID', 'Say which letters: a key, a query or letter ids, exactly one of them.', {
      hint: 'For example --key customer-4711 or "queue:orders text".',
    })
  if (letters !== undefined) return existing(client, letters)
  const asked = key === undefined ? queryOf(query ?? '') : queryOfKey(key)
  const isAny = !asked.conditions.some(({ field }) => field === 'state')
  const any: Query = isAny
    ? { conditions: [...asked.conditions, { field: 'state', values: ['any'], negated: false }] }
    : asked
  const { ids } = await selectLetterIds(client, any, { nowMs, limit: maxSelected + 1 })
  const edited = key === undefined ? [] : await editedTo(client, key)
  const all = [...new Set([...ids, ...edited])].toSorted()
  if (all.length <= maxSelected) return { ids: all, missing: [] }
  throw new RedriveError('REQUEST_INVALID', `More than ${maxSelected.toLocaleString('en')} letters match.`, {
    hint: 'Narrow the query, for example to one queue.',
  })
}

function queryOfKey(key: string): Query {
  if (key === '' || key.includes('\0')) throw new RedriveError('REQUEST_INVALID', 'The key is empty, or holds NUL.')
  return { conditions: [{ field: 'key', values: [key], negated: false }] }
}

/** Letters of which some version has the key, whichever counts. */
async function editedTo(client: PoolClient, key: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ id: string }>(
    'select distinct letter_id as id from letter_version where key = $1',
    [Buffer.from(key, 'utf8')],
  )
  return rows.map(({ id }) => id)
}

/**
 * Resolves a selection to letters. A query without `state:` finds open letters only; so does a cause.
 * @throws REQUEST_INVALID (none or several of the three, an empty query, too many), QUERY_INVALID, NOT_FOUND (no such cause, an id of no kind)
 */
export async function resolveSelection(client: PoolClient, selection: Selection, nowMs: number): Promise<Selected> {
  const { query, cause, letters } = selection
  const given = [query, cause, letters].filter((each) => each !== undefined)
  if (given.length !== 1) {
    throw new RedriveError(
      'REQUEST_INVALID',
      'Say which letters: a query, a cause or letter ids, exactly one of them.',
      {
        hint: 'For example --cause c_… or "queue:orders tier:transient".',
      },
    )
  }
  if (letters !== undefined) return existing(client, letters)
  const asked = cause === undefined ? queryOf(query ?? '') : await queryOfCause(client, cause)
  const { ids } = await selectLetterIds(client, asked, { nowMs, limit: maxSelected + 1 })
  if (ids.length > maxSelected) {
    throw new RedriveError('REQUEST_INVALID', `More than ${maxSelected.toLocaleString('en')} letters match.`, {
      hint: 'Narrow the query, for example by age: or release:.',
    })
  }
  return { ids: ids.toReversed(), missing: [] }
}

function queryOf(text: string): Query {
  if (text.trim() === '') {
    throw new RedriveError('REQUEST_INVALID', 'An empty query does not mean everything.', {
      hint: 'Name what you mean, for example queue:orders.',
    })
  }
  return parseQuery(text)
}

async function queryOfCause(client: PoolClient, cause: string): Promise<Query> {
  const { rowCount } = await client.query('select from cause where id = $1', [parseCauseId(cause).toString()])
  if (rowCount === 0) {
    throw new RedriveError('NOT_FOUND', `There is no cause ${cause}.`, { hint: 'List them with: redrive causes' })
  }
  return { conditions: [{ field: 'cause', values: [cause], negated: false }] }
}

async function existing(client: PoolClient, letters: readonly string[]): Promise<Selected> {
  if (letters.length === 0) throw new RedriveError('REQUEST_INVALID', 'The list of letter ids is empty.')
  const uuids = new Map(letters.map((letter) => [parseLetterId(letter), letter]))
  const { rows } = await client.query<{ id: string }>('select id from letter where id = any($1::uuid[]) order by id', [
    [...uuids.keys()],
  ])
  const ids = rows.map(({ id }) => id)
  const found = new Set(ids)
  return { ids, missing: [...uuids].filter(([uuid]) => !found.has(uuid)).map(([, letter]) => letter) }
}
