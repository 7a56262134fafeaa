import type { Pool, PoolClient } from 'pg'
import { conditionsOf } from './conditions.ts'
import { heedHomes, ledCauses } from './heed-homes.ts'
import { letterStates, type Query } from './query.ts'
import { scopeOf } from './scope.ts'
import { selectLetterIds } from './select.ts'

/** What a query means when its letters are looked at together rather than listed: whole causes where it says nothing of single letters. */
export type LetterSet =
  | { readonly kind: 'causes'; readonly causes: readonly string[] }
  | {
      readonly kind: 'letters'
      /** UUIDs, newest first. */
      readonly ids: readonly string[]
      /** False: there may be more that match, all of them older than the last one here. */
      readonly complete: boolean
    }

/** At most so many, looked for among about so many: the more an index knows of what is asked, the more. */
const most = {
  byIndex: { letters: 50_000, looked: 100_000 },
  byContent: { letters: 20_000, looked: 100_000 },
  byText: { letters: 2_000, looked: 4_000 },
} as const

/** Letters in any state, unless the query names one. */
export async function letterSet(client: Pool | PoolClient, query: Query, nowMs: number): Promise<LetterSet> {
  const asked = inAnyState(query)
  const conditions = heedHomes(conditionsOf(asked, nowMs), await ledCauses(client))
  const { letter, content, text, states, termSets } = conditions
  const ofLetters = letter.length + content.length + text.length > 0 || termSets !== null
  if (!ofLetters && states === letterStates) {
    const scope = await scopeOf(client, conditions)
    if (scope.kind === 'causes') return { kind: 'causes', causes: scope.ids }
    const { rows } = await client.query<{ id: string }>('select id from cause where queue_id = any($1::int[])', [
      scope.ids,
    ])
    return { kind: 'causes', causes: rows.map(({ id }) => id) }
  }
  const { letters: limit, looked } = most[text.length > 0 ? 'byText' : content.length > 0 ? 'byContent' : 'byIndex']
  const { ids, lookedTo } = await selectLetterIds(client, asked, { nowMs, limit: limit + 1, maxLooked: looked })
  return { kind: 'letters', ids: ids.slice(0, limit), complete: ids.length <= limit && lookedTo === null }
}

function inAnyState(query: Query): Query {
  const names = query.conditions.some(({ field }) => field === 'state')
  return names ? query : { conditions: [...query.conditions, { field: 'state', values: ['any'], negated: false }] }
}
