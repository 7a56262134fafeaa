import type { PoolClient } from 'pg'
import { lockForBulk } from '../../letters/index.ts'
import { advisoryLocks } from '../../store/advisory-locks.ts'
import { holdRules } from '../../store/cause-rules.ts'
import type { Store } from '../../store/store.ts'
import { loadRuleSet } from './load-rules.ts'
import { goalOf, type Move } from './move.ts'
import { moveLetters } from './move-letters.ts'
import { noteValue } from './note-value.ts'
import { readLetters, type StoredLetter } from './read-letters.ts'
import type { RuleSet } from './rule-set.ts'

export interface RegroupOptions {
  /** Letters in one transaction. @default 500 */
  readonly maxLetters?: number
}

export type Regrouped = 'idle' | 'busy-elsewhere' | 'more'

export interface Regrouper {
  /**
   * Puts the next few letters where the rules want them, in one transaction with how far it came: cut off anywhere, it goes on where it was. Changes of
   * the rules are carried out in their order, each by the newest rules, so the end does not depend on when what was done.
   */
  step(options?: RegroupOptions): Promise<Regrouped>
}

export function createRegrouper(store: Store): Regrouper {
  let rules: RuleSet | null = null

  return {
    async step({ maxLetters = 500 } = {}) {
      const result = await store.transaction(async (client) => {
        const { rows } = await client.query<{ mine: boolean }>('select pg_try_advisory_xact_lock($1) as mine', [
          advisoryLocks.regroup,
        ])
        if (rows[0]?.mine !== true) return 'busy-elsewhere'
        const work = await nextWork(client)
        if (work === null) return 'idle'
        // Before the rules are held: whoever has this may take long, and captures wait for who wants to change the rules.
        await lockForBulk(client)
        const version = Number(await holdRules(client))
        if (rules?.version !== version) rules = await loadRuleSet(client)
        return batch(client, { work, rules, maxLetters })
      })
      if (typeof result === 'string') return result
      // Values are noted in a transaction of their own, which makes other rules; nothing of this batch was done.
      await noteValue(store, result)
      return 'more'
    },
  }
}

interface Work {
  readonly id: string
  readonly rule_id: string
  readonly is_rule: boolean
  readonly by: string
  readonly over: 'cause' | 'queue'
  readonly ids: readonly string[]
  readonly at: number
  readonly after: string
  readonly until: string
}

async function nextWork(client: PoolClient): Promise<Work | null> {
  const { rows } = await client.query<Work>(
    `select g.id, g.rule_id, r.kind = 'rule' as is_rule, coalesce(case when g.what <> 'add' then r.removed_by end, r.made_by) as by, g.over,
            g.ids::text[] as ids, g.at, g.after, g.until
       from regrouping g join cause_rule r on r.id = g.rule_id where g.ended_at is null order by g.id limit 1`,
  )
  return rows[0] ?? null
}

async function batch(
  client: PoolClient,
  { work, rules, maxLetters }: { readonly work: Work; readonly rules: RuleSet; readonly maxLetters: number },
): Promise<'more' | { readonly rule: string; readonly value: string }> {
  const id = work.ids[work.at - 1]
  const letters =
    id === undefined
      ? []
      : await readLetters(client, rules, {
          over: work.over,
          id,
          after: work.after,
          until: work.until,
          limit: maxLetters,
        })
  const judged = judge(rules, letters)
  if ('value' in judged) return judged
  const { rule_id: rule, by, is_rule: isRule } = work
  await moveLetters(client, judged.moves, { rule, regrouping: work.id, by, isRule })
  const isThrough = letters.length < maxLetters
  await client.query(
    `update regrouping set looked = looked + $2, moved = moved + $3, unjudged = unjudged + $4,
            at = at + $5, after = case when $5 = 1 then '00000000-0000-0000-0000-000000000000' else $6::uuid end,
            ended_at = case when at + $5 > cardinality(ids) then clock_timestamp() end
      where id = $1`,
    [
      work.id,
      letters.length,
      judged.moves.length,
      judged.unjudged,
      isThrough ? 1 : 0,
      letters.at(-1)?.id ?? work.after,
    ],
  )
  return 'more'
}

/** Which of the letters are not where the rules want them. */
export function judge(
  rules: RuleSet,
  letters: readonly StoredLetter[],
): { readonly moves: readonly Move[]; readonly unjudged: number } | { readonly rule: string; readonly value: string } {
  const moves: Move[] = []
  let unjudged = 0
  for (const letter of letters) {
    const place = rules.place(letter.home, letter.letter)
    if (place.kind === 'unknown-value') return { rule: place.rule, value: place.value }
    if (place.kind === 'unjudged') {
      unjudged += 1
      continue
    }
    const move = { letter, to: place.kind === 'led' ? place.to : null }
    if (goalOf(move) !== letter.cause) moves.push(move)
  }
  return { moves, unjudged }
}
