import type { Pool, PoolClient } from 'pg'
import { termHash, wordsOf } from '../store/terms.ts'
import { type Conditions, conditionsOf, type Fragment } from './conditions.ts'
import { holdsText } from './holds-text.ts'
import type { Query } from './query.ts'
import { causesWithText, type Scope, scopeOf } from './scope.ts'
import { Statement } from './statement.ts'

export interface SelectOptions {
  readonly nowMs: number
  readonly limit: number
  /** Only letters older than this id (a UUID): the cursor. */
  readonly before?: string
}

/**
 * Finds letters, newest first. Each pair of (cause or queue, state) has an index in captured order: the newest `limit` of each pair
 * are read from it and merged, so the cost follows `limit`, not the number of letters. Free text and keys are looked up by the hashes of
 * their words; the text itself decides, so that what a list shows is what a plan of the same query takes.
 */
export async function selectLetterIds(
  client: Pool | PoolClient,
  query: Query,
  options: SelectOptions,
): Promise<readonly string[]> {
  const conditions = conditionsOf(query, options.nowMs)
  const search: Search = { ...options, conditions, scope: await scopeOf(client, conditions) }
  if (conditions.text.length === 0) return matching(client, search)
  const byCause = await matching(client, { ...search, scope: await causesWithText(client, conditions) })
  const byLetter = await withText(client, search)
  const merged = [...new Set([...byCause, ...byLetter])].toSorted().toReversed()
  return merged.slice(0, options.limit)
}

interface Search extends SelectOptions {
  readonly conditions: Conditions
  readonly scope: Scope
}

async function matching(client: Pool | PoolClient, search: Search): Promise<readonly string[]> {
  const { conditions, scope } = search
  if (scope.ids.length === 0) return []
  return conditions.termSets === null ? newest(client, search) : newestWithTerms(client, search, conditions.termSets)
}

/** More pairs than this are not merged: the letters of their queues are walked in captured order instead. */
const maxMerged = 200

async function newest(client: Pool | PoolClient, search: Search): Promise<readonly string[]> {
  const { conditions, scope, limit } = search
  const many = scope.kind === 'causes' && scope.ids.length > maxMerged
  const statement = new Statement()
  const { bind } = statement
  const ids = bind(many ? scope.queues : scope.ids)
  const column = scope.kind === 'causes' && !many ? 'cause_id' : 'queue_id'
  const type = column === 'cause_id' ? 'bigint' : 'int'
  const { rows } = await client.query<{ id: string }>(
    `select newest.id
     from unnest(${ids}::${type}[]) as scope(id)
     cross join unnest(${bind(conditions.states)}::letter_state[]) as wanted(state)
     cross join lateral (
       select l.id from letter l ${conditions.content.length > 0 ? 'join letter_content c on c.id = l.id' : ''}
       where l.${column} = scope.id and l.state = wanted.state and ${statement.all(restOf(search))}
         and ${many ? `l.cause_id = any(${bind(scope.ids)}::bigint[])` : 'true'}
       order by l.id desc limit ${bind(limit)}
     ) newest
     order by newest.id desc limit ${bind(limit)}`,
    statement.parameters,
  )
  return rows.map(({ id }) => id)
}

/** The free text stands in the letter itself. Candidates by the index over hashes, then their text, until there are enough. */
async function withText(client: Pool | PoolClient, search: Search): Promise<readonly string[]> {
  const { conditions, limit } = search
  if (search.scope.ids.length === 0) return []
  const terms = [...new Set(conditions.text.flatMap((value) => wordsOf(value)))].map(termHash)
  const found: string[] = []
  let before = search.before
  for (let size = Math.max(100, limit); ; size *= 2) {
    const page = { ...search, limit: size, ...(before === undefined ? {} : { before }) }
    const candidates = await newestWithTerms(client, page, [terms])
    found.push(...(await holding(client, candidates, conditions.text)))
    before = candidates.at(-1)
    if (found.length >= limit || candidates.length < size) return found.slice(0, limit)
  }
}

async function newestWithTerms(
  client: Pool | PoolClient,
  search: Search,
  termSets: readonly (readonly number[])[],
): Promise<readonly string[]> {
  const { conditions, scope, limit } = search
  const statement = new Statement()
  const { bind } = statement
  const column = scope.kind === 'causes' ? 'l.cause_id' : 'l.queue_id'
  const { rows } = await client.query<{ id: string }>(
    `select l.id from letter_content c join letter l on l.id = c.id
     where (${termSets.map((terms) => `c.terms @> ${bind(terms)}::int[]`).join(' or ')})
       and l.state = any(${bind(conditions.states)}::letter_state[])
       and ${column} = any(${bind(scope.ids)}::bigint[])
       and ${statement.all(restOf(search))}
     order by c.id desc limit ${bind(limit)}`,
    statement.parameters,
  )
  return rows.map(({ id }) => id)
}

/** Those that hold the text in what hashes are made of: key, our own id, error message, first 8 KB of the body. */
async function holding(
  client: Pool | PoolClient,
  ids: readonly string[],
  text: readonly string[],
): Promise<readonly string[]> {
  const kept: string[] = []
  for (let from = 0; from < ids.length; from += 500) {
    const page = ids.slice(from, from + 500)
    const { rows } = await client.query<{
      id: string
      texts: readonly (string | null)[]
      bytes: readonly (Buffer | null)[]
    }>(
      `select id, array[message, wire_id] as texts, array[key, substring(body for 8192)] as bytes
       from letter_content where id = any($1::uuid[])`,
      [page],
    )
    const holds = new Set(rows.filter((row) => holdsText(text, [...row.texts, ...row.bytes])).map(({ id }) => id))
    kept.push(...page.filter((id) => holds.has(id)))
  }
  return kept
}

function restOf({ conditions, before }: Search): readonly Fragment[] {
  const cursor: readonly Fragment[] = before === undefined ? [] : [(bind) => `l.id < ${bind(before)}::uuid`]
  return [...cursor, ...conditions.letter, ...conditions.content]
}
