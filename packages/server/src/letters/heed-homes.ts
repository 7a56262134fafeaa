import type { Pool, PoolClient } from 'pg'
import type { Conditions, Fragment } from './conditions.ts'
import { scopeOf } from './scope.ts'
import type { Search } from './search.ts'

/** Causes that a rule, a merge or a split leads letters to, or did: only they may hold letters that say something else than they. */
export async function ledCauses(client: Pool | PoolClient): Promise<readonly string[]> {
  const { rows } = await client.query<{ id: string }>({
    name: 'led-causes',
    text: 'select id from cause where rule_id is not null union select target from cause_rule where target is not null',
  })
  return rows.map(({ id }) => id)
}

/**
 * What an error is is said by the cause that the algorithm found, wherever the letter belongs by now: a merge makes no letter of one error one of
 * another. Letters are asked one by one only where a cause may hold others.
 */
export function heedHomes(conditions: Conditions, led: readonly string[]): Conditions {
  const { error, cause, letter } = conditions
  if (error.length === 0 || led.length === 0)
    return { ...conditions, cause: [...cause, ...error.map((says) => says('ca'))] }
  return {
    ...conditions,
    cause: [
      ...cause,
      ...error.map(
        (says): Fragment =>
          (bind) =>
            `(${says('ca')(bind)} or ca.id = any(${bind(led)}::bigint[]))`,
      ),
    ],
    letter: [
      ...letter,
      ...error.map(
        (says): Fragment =>
          (bind) =>
            `(l.cause_id <> all(${bind(led)}::bigint[]) or (select ${says('home')(bind)} from cause home
              where home.id = coalesce((select h.cause_id from letter_home h where h.letter_id = l.id), l.cause_id)))`,
      ),
    ],
  }
}

/** The same search for letters that belong to one of the causes they are led to, but were found to be of these. */
export async function atHomeIn(
  client: Pool | PoolClient,
  search: Search,
  { causes, led }: { readonly causes: readonly string[]; readonly led: readonly string[] },
): Promise<Search> {
  const { conditions } = search
  const isLed: Fragment = (bind) => `ca.id = any(${bind(led)}::bigint[])`
  const isOfThem: Fragment = (bind) =>
    `exists (select from letter_home h where h.letter_id = l.id and h.cause_id = any(${bind(causes)}::bigint[]))`
  return {
    ...search,
    scope: await scopeOf(client, { ...conditions, cause: [...conditions.cause, isLed] }),
    conditions: { ...conditions, letter: [...conditions.letter, isOfThem] },
  }
}
