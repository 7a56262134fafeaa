import type { Pool, PoolClient } from 'pg'
import { conditionsOf } from './conditions.ts'
import { atHomeIn, heedHomes, ledCauses } from './heed-homes.ts'
import type { Query } from './query.ts'
import { causesWithText, scopeOf } from './scope.ts'
import type { Found, Search, SelectOptions } from './search.ts'
import { withTerms, withText } from './select-by-text.ts'
import { newest } from './select-newest.ts'

/**
 * Finds letters, newest first. Each pair of (cause or queue, state) has an index in captured order: the newest `limit` of each pair
 * are read from it and merged, so the cost follows `limit`, not the number of letters. Free text and keys are looked up by the hashes of
 * their words; the text itself decides, so that what a list shows is what a plan of the same query takes.
 */
export async function selectLetterIds(client: Pool | PoolClient, query: Query, options: SelectOptions): Promise<Found> {
  const led = await ledCauses(client)
  const conditions = heedHomes(conditionsOf(query, options.nowMs), led)
  const search: Search = { ...options, conditions, scope: await scopeOf(client, conditions) }
  if (conditions.text.length === 0) return matching(client, search)
  const withWords = await causesWithText(client, conditions)
  const byCause = await matching(client, { ...search, scope: withWords })
  const found = merged(byCause, await withText(client, search), options.limit)
  if (led.length === 0) return found
  const atHome = await atHomeIn(client, search, { causes: withWords.ids, led })
  return merged(found, await matching(client, atHome), options.limit)
}

async function matching(client: Pool | PoolClient, search: Search): Promise<Found> {
  const { termSets } = search.conditions
  return termSets === null ? newest(client, search) : { ids: await withTerms(client, search, termSets), lookedTo: null }
}

/** Only as far as both have looked. Ids of letters sort as their text does. */
function merged(a: Found, b: Found, limit: number): Found {
  const lookedTo =
    [a.lookedTo, b.lookedTo]
      .filter((id) => id !== null)
      .toSorted()
      .at(-1) ?? null
  const ids = [...new Set([...a.ids, ...b.ids])].filter((id) => lookedTo === null || id >= lookedTo)
  return { ids: ids.toSorted().toReversed().slice(0, limit), lookedTo }
}
