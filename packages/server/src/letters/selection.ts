import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { parseLetterId } from '../store/ids.ts'
import { wordsOf } from '../store/terms.ts'
import { holdsWords } from './holds-words.ts'
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

/**
 * Resolves a selection to letters. A query without `state:` finds open letters only.
 * @throws REQUEST_INVALID (none or several of the three, an empty query, too many), QUERY_INVALID
 */
export async function resolveSelection(client: PoolClient, selection: Selection, nowMs: number): Promise<Selected> {
  const given = [selection.query, selection.cause, selection.letters].filter((each) => each !== undefined)
  if (given.length !== 1) {
    throw new RedriveError('REQUEST_INVALID', 'Say which letters: a query, a cause or letter ids, exactly one of them.', {
      hint: 'For example --cause c_… or "queue:orders tier:transient".',
    })
  }
  if (selection.letters !== undefined) return existing(client, selection.letters)
  const query = selection.cause === undefined ? queryOf(selection.query ?? '') : parseQuery(`cause:${selection.cause}`)
  const ids = await selectLetterIds(client, query, { nowMs, limit: maxSelected + 1 })
  if (ids.length > maxSelected) {
    throw new RedriveError('REQUEST_INVALID', `More than ${maxSelected.toLocaleString('en')} letters match.`, {
      hint: 'Narrow the query, for example by age: or release:.',
    })
  }
  return { ids: (await withoutCollisions(client, query, ids)).toReversed(), missing: [] }
}

function queryOf(text: string): Query {
  if (text.trim() === '') {
    throw new RedriveError('REQUEST_INVALID', 'An empty query does not mean everything.', {
      hint: 'Name what you mean, for example queue:orders.',
    })
  }
  return parseQuery(text)
}

async function existing(client: PoolClient, letters: readonly string[]): Promise<Selected> {
  if (letters.length > maxSelected) throw new RedriveError('REQUEST_INVALID', 'Too many letter ids.')
  const uuids = new Map(letters.map((letter) => [parseLetterId(letter), letter]))
  const { rows } = await client.query<{ id: string }>('select id from letter where id = any($1::uuid[]) order by id', [[...uuids.keys()]])
  const ids = rows.map(({ id }) => id)
  const found = new Set(ids)
  return { ids, missing: [...uuids].filter(([uuid]) => !found.has(uuid)).map(([, letter]) => letter) }
}

/** The text of the letters decides, not the hashes they were found by. */
async function withoutCollisions(client: PoolClient, query: Query, ids: readonly string[]): Promise<readonly string[]> {
  const words = query.conditions.flatMap((each) =>
    'values' in each && each.field === 'text' ? each.values.flatMap((value) => wordsOf(value)) : [],
  )
  if (words.length === 0) return ids
  const kept: string[] = []
  for (let from = 0; from < ids.length; from += 500) {
    const page = ids.slice(from, from + 500)
    const { rows } = await client.query<{ id: string; texts: readonly (string | null)[]; key: Buffer | null; body: Buffer | null }>(
      `select l.id, array[c.message, ca.title, ca.template, ca.error_class] as texts, c.key, substring(c.body for 8192) as body
       from letter l join letter_content c on c.id = l.id join cause ca on ca.id = l.cause_id
       where l.id = any($1::uuid[]) and c.id = any($1::uuid[])`,
      [page],
    )
    const holding = new Set(rows.filter((row) => holdsWords(words, [...row.texts, row.key, row.body])).map(({ id }) => id))
    kept.push(...page.filter((id) => holding.has(id)))
  }
  return kept
}
