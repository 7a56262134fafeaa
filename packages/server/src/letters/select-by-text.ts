import type { Pool, PoolClient } from 'pg'
import { termHash, wordsOf } from '../store/terms.ts'
import { holdsText } from './holds-text.ts'
import { type Found, narrowOf, type Search } from './search.ts'
import { Statement } from './statement.ts'

/** The free text stands in the letter itself. Candidates by the index over hashes, then their text, until there are enough. */
export async function withText(client: Pool | PoolClient, search: Search): Promise<Found> {
  const { conditions, limit, maxLooked = Number.POSITIVE_INFINITY } = search
  const terms = [...new Set(conditions.text.flatMap((value) => wordsOf(value)))].map(termHash)
  const ids: string[] = []
  let before = search.before
  let looked = 0
  for (let size = Math.max(100, limit); ; size *= 2) {
    const page = { ...search, limit: size, ...(before === undefined ? {} : { before }) }
    const candidates = await withTerms(client, page, [terms])
    ids.push(...(await holding(client, candidates, conditions.text)))
    looked += candidates.length
    before = candidates.at(-1) ?? before
    if (ids.length >= limit || candidates.length < size) return { ids: ids.slice(0, limit), lookedTo: null }
    if (looked >= maxLooked) return { ids, lookedTo: before ?? null }
  }
}

/** Letters that have all the hashes of one of the sets, by the index over them. */
export async function withTerms(
  client: Pool | PoolClient,
  search: Search,
  termSets: readonly (readonly number[])[],
): Promise<readonly string[]> {
  const { conditions, scope, limit } = search
  if (scope.ids.length === 0) return []
  const statement = new Statement()
  const { bind } = statement
  const column = scope.kind === 'causes' ? 'l.cause_id' : 'l.queue_id'
  const { rows } = await client.query<{ id: string }>(
    `select l.id from letter_content c join letter l on l.id = c.id
     where (${termSets.map((terms) => `c.terms @> ${bind(terms)}::int[]`).join(' or ')})
       and l.state = any(${bind(conditions.states)}::letter_state[])
       and ${column} = any(${bind(scope.ids)}::bigint[])
       and ${statement.all([...narrowOf(search), ...conditions.content])}
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
    const { rows } = await client.query<SearchedText>(
      `select id, message, wire_id, key, substring(body for 8192) as body from letter_content where id = any($1::uuid[])`,
      [page],
    )
    const holds = new Set(
      rows.filter((row) => holdsText(text, [row.key, row.wire_id, row.message, row.body])).map(({ id }) => id),
    )
    kept.push(...page.filter((id) => holds.has(id)))
  }
  return kept
}

interface SearchedText {
  readonly id: string
  readonly message: string | null
  readonly wire_id: string | null
  readonly key: Buffer | null
  readonly body: Buffer | null
}
