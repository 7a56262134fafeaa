import type { Pool, PoolClient } from 'pg'
import type { Fragment } from './conditions.ts'
import { type Found, narrowOf, type Search } from './search.ts'
import { Statement } from './statement.ts'

/** More causes than this are not merged: the letters of their queues are walked in captured order instead. */
const maxMerged = 200

/** The newest letters of a scope, through the indexes in captured order; what no index knows is looked at letter by letter. */
export async function newest(client: Pool | PoolClient, asked: Search): Promise<Found> {
  const { scope, maxLooked } = asked
  if (scope.ids.length === 0) return { ids: [], lookedTo: null }
  const conditions = { ...asked.conditions, states: await statesThere(client, asked) }
  if (conditions.states.length === 0) return { ids: [], lookedTo: null }
  const search = { ...asked, conditions }
  const walked = scope.kind === 'causes' && scope.ids.length > maxMerged
  const walk: Walk = {
    column: scope.kind === 'causes' && !walked ? 'cause_id' : 'queue_id',
    ids: scope.kind === 'causes' && walked ? scope.queues : scope.ids,
    filters: [
      ...conditions.content,
      ...(walked ? [(bind: (value: unknown) => string) => `l.cause_id = any(${bind(scope.ids)}::bigint[])`] : []),
    ],
  }
  return walk.filters.length > 0 && maxLooked !== undefined
    ? lookedAt(client, { ...search, maxLooked }, walk)
    : all(client, search, walk)
}

interface Walk {
  readonly column: 'cause_id' | 'queue_id'
  readonly ids: readonly string[]
  /** What has to be looked up for each letter. */
  readonly filters: readonly Fragment[]
}

async function all(client: Pool | PoolClient, search: Search, walk: Walk): Promise<Found> {
  const statement = new Statement()
  const { rows } = await client.query<{ id: string }>(
    inCapturedOrder(statement, search, {
      ...walk,
      limit: search.limit,
      join: search.conditions.content.length > 0 ? 'join letter_content c on c.id = l.id' : '',
    }),
    statement.parameters,
  )
  return { ids: rows.map(({ id }) => id), lookedTo: null }
}

/** In steps: most often the first finds enough. */
async function lookedAt(
  client: Pool | PoolClient,
  search: Search & { readonly maxLooked: number },
  walk: Walk,
): Promise<Found> {
  const ids: string[] = []
  let before = search.before
  let looked = 0
  for (let size = 2 * search.limit; looked < search.maxLooked; size = search.maxLooked) {
    const statement = new Statement()
    const step = { ...search, ...(before === undefined ? {} : { before }) }
    const inOrder = inCapturedOrder(statement, step, { ...walk, filters: [], limit: size, join: '' })
    const { rows } = await client.query<{ id: string; matches: boolean }>(
      `with looked as (${inOrder})
       select l.id, (${statement.all(walk.filters)}) as matches
       from looked join letter l on l.id = looked.id join letter_content c on c.id = looked.id order by l.id desc`,
      statement.parameters,
    )
    for (const { id, matches } of rows) if (matches) ids.push(id)
    looked += rows.length
    before = rows.at(-1)?.id ?? before
    if (ids.length >= search.limit) return { ids: ids.slice(0, search.limit), lookedTo: null }
    if (rows.length < size) return { ids, lookedTo: null }
  }
  return { ids, lookedTo: before ?? null }
}

/** Those of the wanted states that the scope has letters in: of one without any, every letter would be looked at to find that out. */
async function statesThere(client: Pool | PoolClient, { conditions, scope }: Search): Promise<readonly string[]> {
  const settled = conditions.states.filter((state) => !outstandingStates.has(state))
  if (settled.length === 0) return conditions.states
  const { rows } = await client.query<{ state: string }>(
    `select state from cause_change
     where state = any($1::letter_state[])
       and cause_id in (select id from cause where ${scope.kind === 'causes' ? 'id' : 'queue_id'} = any($2::bigint[]))
     group by state having sum(letters) > 0`,
    [settled, scope.ids],
  )
  const there = new Set(rows.map(({ state }) => state))
  return conditions.states.filter((state) => outstandingStates.has(state) || there.has(state))
}

function inCapturedOrder(
  { all: joined, bind }: Statement,
  search: Search,
  { column, ids, filters, limit, join }: Walk & { readonly limit: number; readonly join: string },
): string {
  const type = column === 'cause_id' ? 'bigint' : 'int'
  const states = search.conditions.states
  const outstanding = states.filter((state) => outstandingStates.has(state))
  const settled = states.filter((state) => !outstandingStates.has(state))
  // Outstanding letters have indexes of their own, so that few of them are found among many that are settled.
  const branches = [
    { rows: '(select letter_id as id, queue_id, cause_id, state from outstanding) l', wanted: outstanding },
    { rows: 'letter l', wanted: settled },
  ]
    .filter(({ wanted }) => wanted.length > 0)
    .map(
      ({ rows, wanted }) => `
      (select l.id from ${rows} ${join}
       where l.${column} = scope.id and l.state = any(${bind(wanted)}::letter_state[]) and ${joined([...narrowOf(search), ...filters])}
       order by l.id desc limit ${bind(limit)})`,
    )
  return `
    select newest.id
    from unnest(${bind(ids)}::${type}[]) as scope(id)
    cross join lateral (${branches.join(' union all ')}) newest
    order by newest.id desc limit ${bind(limit)}`
}

const outstandingStates: ReadonlySet<string> = new Set(['open', 'held', 'uncertain'])
