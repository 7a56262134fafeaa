import type { Pool, PoolClient } from 'pg'
import { termHash } from '../store/terms.ts'
import { type Bind, type Conditions, conditionsOf, type Fragment, likeLiteral } from './conditions.ts'
import type { Query } from './query.ts'

export interface SelectOptions {
  readonly nowMs: number
  readonly limit: number
  /** Only letters older than this id (a UUID): the cursor. */
  readonly before?: string
}

/**
 * Finds letters, newest first. Each pair of (cause or queue, state) has an index in captured order: the newest `limit` of each pair
 * are read from it and merged, so the cost follows `limit`, not the number of letters.
 *
 * Free words are found by their hashes, which may collide: who acts on the letters checks the text (`holdsWords`).
 */
export async function selectLetterIds(
  client: Pool | PoolClient,
  query: Query,
  options: SelectOptions,
): Promise<readonly string[]> {
  const conditions = conditionsOf(query, options.nowMs)
  const scope = await scopeOf(client, conditions)
  if (scope.ids.length === 0) return []
  const search: Search = { ...options, conditions, scope }
  if (conditions.words.length === 0) return newestOf(client, search)
  const byCause = await newestOf(client, { ...search, scope: await scopeOfWords(client, search) })
  const byLetter = await newestByWords(client, search)
  const merged = [...new Set([...byCause, ...byLetter])].toSorted().toReversed()
  return merged.slice(0, options.limit)
}

/** The causes (or, without a condition on causes, the queues) whose letters are looked at. */
interface Scope {
  readonly column: 'cause_id' | 'queue_id'
  readonly ids: readonly string[]
}

interface Search extends SelectOptions {
  readonly conditions: Conditions
  readonly scope: Scope
}

async function scopeOf(client: Pool | PoolClient, conditions: Conditions): Promise<Scope> {
  if (conditions.cause.length > 0) return causesWhere(client, conditions.cause)
  const { rows } = await client.query<{ id: number }>('select id from queue')
  return { column: 'queue_id', ids: rows.map(({ id }) => String(id)) }
}

/** All words stand in the text of a cause: every letter of it matches. */
function scopeOfWords(client: Pool | PoolClient, { conditions, scope }: Search): Promise<Scope> {
  const text = `concat_ws(' ', ca.title, ca.template, ca.error_class)`
  const column = scope.column === 'cause_id' ? 'ca.id' : 'ca.queue_id'
  return causesWhere(client, [
    (bind) => `${column} = any(${bind(scope.ids)}::bigint[])`,
    ...conditions.words.map((word): Fragment => (bind) => `${text} ilike ${bind(`%${likeLiteral(word)}%`)}`),
  ])
}

async function causesWhere(client: Pool | PoolClient, where: readonly Fragment[]): Promise<Scope> {
  const statement = new Statement()
  const { rows } = await client.query<{ id: string }>(
    `select ca.id from cause ca join queue q on q.id = ca.queue_id where ${statement.all(where)}`,
    statement.parameters,
  )
  return { column: 'cause_id', ids: rows.map(({ id }) => id) }
}

async function newestOf(client: Pool | PoolClient, search: Search): Promise<readonly string[]> {
  const { conditions, scope, limit } = search
  if (scope.ids.length === 0) return []
  const statement = new Statement()
  const { bind } = statement
  const { rows } = await client.query<{ id: string }>(
    `select newest.id
     from unnest(${bind(scope.ids)}::bigint[]) as scope(id)
     cross join unnest(${bind(conditions.states)}::letter_state[]) as wanted(state)
     cross join lateral (
       select l.id from letter l ${conditions.content.length > 0 ? 'join letter_content c on c.id = l.id' : ''}
       where l.${scope.column} = scope.id and l.state = wanted.state and ${statement.all(restOf(search))}
       order by l.id desc limit ${bind(limit)}
     ) newest
     order by newest.id desc limit ${bind(limit)}`,
    statement.parameters,
  )
  return rows.map(({ id }) => id)
}

/** All words stand in the letter itself, by the index over hashed words. */
async function newestByWords(client: Pool | PoolClient, search: Search): Promise<readonly string[]> {
  const { conditions, scope, limit } = search
  const statement = new Statement()
  const { bind } = statement
  const { rows } = await client.query<{ id: string }>(
    `select l.id from letter_content c join letter l on l.id = c.id
     where c.terms @> ${bind(conditions.words.map(termHash))}::int[]
       and l.state = any(${bind(conditions.states)}::letter_state[])
       and l.${scope.column} = any(${bind(scope.ids)}::bigint[])
       and ${statement.all(restOf(search))}
     order by c.id desc limit ${bind(limit)}`,
    statement.parameters,
  )
  return rows.map(({ id }) => id)
}

function restOf({ conditions, before }: Search): readonly Fragment[] {
  const cursor: readonly Fragment[] = before === undefined ? [] : [(bind) => `l.id < ${bind(before)}::uuid`]
  return [...cursor, ...conditions.letter, ...conditions.content]
}

/** Collects the parameters of one statement. */
class Statement {
  readonly parameters: unknown[] = []
  readonly bind: Bind = (value) => `$${this.parameters.push(value)}`

  all(fragments: readonly Fragment[]): string {
    return fragments.length === 0 ? 'true' : fragments.map((fragment) => fragment(this.bind)).join(' and ')
  }
}
