import { parseCauseId, parseLetterId } from '../store/ids.ts'
import { wordsOf } from '../store/terms.ts'
import { firstUuidAt } from '../store/uuid.ts'
import type { Condition, Query } from './query.ts'

/** Adds a value to a statement's parameters and gives its `$n`: nothing of a query's text ever becomes SQL. */
export type Bind = (value: unknown) => string
/** A piece of SQL whose values are bound into whichever statement uses it. */
export type Fragment = (bind: Bind) => string

/** A query taken apart by the table each condition speaks of: `ca` cause and `q` queue, `l` letter, `c` letter_content. */
export interface Conditions {
  readonly cause: readonly Fragment[]
  readonly letter: readonly Fragment[]
  readonly content: readonly Fragment[]
  readonly states: readonly string[]
  /** Free words, lower case: all in the letter, or all in its cause. */
  readonly words: readonly string[]
}

export const allStates = ['open', 'held', 'replaying', 'uncertain', 'replayed', 'discarded', 'archived', 'erased'] as const

/** @param nowMs the instant ages are counted from; a plan freezes it. */
export function conditionsOf(query: Query, nowMs: number): Conditions {
  const cause: Fragment[] = []
  const letter: Fragment[] = []
  const content: Fragment[] = []
  const words: string[] = []
  let states: readonly string[] = ['open']
  const tables = { cause, letter, content }
  for (const condition of query.conditions) {
    if ('operator' in condition) {
      const { field, operator, value } = condition
      if (field === 'age') letter.push(ageFragment(operator, nowMs - value))
      else content.push((bind) => `c.${field} ${operator} ${bind(value)}`)
    } else if (condition.field === 'state') states = statesOf(condition)
    else if (condition.field === 'text') words.push(...condition.values.flatMap((value) => wordsOf(value)))
    else {
      const { table, sql } = textFragment(condition)
      tables[table].push(condition.negated ? (bind) => `(${sql(bind)}) is not true` : sql)
    }
  }
  return { cause, letter, content, states, words }
}

/** For `like`: the value's own `%`, `_` and `\` mean themselves. */
export function likeLiteral(value: string): string {
  return value.replaceAll(/[\\%_]/g, (character) => `\\${character}`)
}

type ValuesCondition = Extract<Condition, { readonly values: readonly string[] }>

function statesOf({ values, negated }: ValuesCondition): readonly string[] {
  if (values.includes('any')) return allStates
  return negated ? allStates.filter((state) => !values.includes(state)) : values
}

/** Ids are UUIDv7, so an age is a range of ids and needs no column of its own. */
function ageFragment(operator: string, sinceMs: number): Fragment {
  const turned = operator === '>' || operator === '>=' ? '<=' : '>='
  return (bind) => `l.id ${turned} ${bind(firstUuidAt(Math.max(0, sinceMs)))}::uuid`
}

function textFragment({ field, values }: ValuesCondition): { table: 'cause' | 'letter' | 'content'; sql: Fragment } {
  switch (field) {
    case 'queue':
      return { table: 'cause', sql: (bind) => `q.name = any(${bind(values)}::text[])` }
    case 'tier':
      return { table: 'cause', sql: (bind) => `ca.tier = any(${bind(values)}::tier[])` }
    case 'consumer':
      return { table: 'cause', sql: (bind) => `ca.consumer = any(${bind(values)}::text[])` }
    case 'cause': {
      const ids = values.map((value) => parseCauseId(value).toString())
      return { table: 'cause', sql: (bind) => `ca.id = any(${bind(ids)}::bigint[])` }
    }
    case 'error': {
      const patterns = values.map((value) => `%${likeLiteral(value)}%`)
      return {
        table: 'cause',
        sql: (bind) => {
          const any = `any(${bind(patterns)}::text[])`
          return `(ca.error_class ilike ${any} or ca.title ilike ${any} or ca.template ilike ${any})`
        },
      }
    }
    case 'letter': {
      const ids = values.map(parseLetterId)
      return { table: 'letter', sql: (bind) => `l.id = any(${bind(ids)}::uuid[])` }
    }
    case 'key': {
      const keys = values.map((value) => Buffer.from(value, 'utf8'))
      return { table: 'content', sql: (bind) => `c.key = any(${bind(keys)}::bytea[])` }
    }
    case 'release':
    case 'host':
      return { table: 'content', sql: (bind) => `c.${field} = any(${bind(values)}::text[])` }
    default:
      throw new TypeError(`no condition for ${field}`)
  }
}
