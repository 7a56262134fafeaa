import { parseCauseId, parseLetterId } from '../store/ids.ts'
import { termHash, wordsOf } from '../store/terms.ts'
import { firstUuidAt } from '../store/uuid.ts'
import { type Condition, letterStates, type Query } from './query.ts'

/** Adds a value to a statement's parameters and gives its `$n`: nothing of a query's text ever becomes SQL. */
export type Bind = (value: unknown) => string
/** A piece of SQL whose values are bound into whichever statement uses it. */
export type Fragment = (bind: Bind) => string

/** A query taken apart by the table each condition speaks of: `q` queue, `ca` cause, `l` letter, `c` letter_content. */
export interface Conditions {
  readonly queue: readonly Fragment[]
  readonly cause: readonly Fragment[]
  readonly letter: readonly Fragment[]
  readonly content: readonly Fragment[]
  /** What the cause of a letter says of its error, by the name that the cause has in the statement. */
  readonly error: readonly ((cause: 'ca' | 'home') => Fragment)[]
  readonly states: readonly string[]
  /** Free text: each value in the letter, or each in its cause. */
  readonly text: readonly string[]
  /** Hashes of words: every letter that matches has all the hashes of one of the sets. `null`: nothing is known of that. */
  readonly termSets: readonly (readonly number[])[] | null
}

/** @param nowMs the instant ages are counted from; a plan freezes it. */
export function conditionsOf(query: Query, nowMs: number): Conditions {
  const tables: Record<Table, Fragment[]> = { queue: [], cause: [], letter: [], content: [] }
  const text: string[] = []
  const error: ((cause: 'ca' | 'home') => Fragment)[] = []
  let states: readonly string[] = ['open']
  let termSets: readonly (readonly number[])[] | null = null
  for (const condition of query.conditions) {
    if ('operator' in condition) {
      const { field, operator, value } = condition
      if (field === 'age') tables.letter.push(ageFragment(operator, nowMs - value))
      else tables.content.push((bind) => `c.${field} ${operator} ${bind(value)}::bigint`)
    } else if (condition.field === 'state') states = statesOf(condition)
    else if (condition.field === 'text') text.push(...condition.values)
    else if (condition.field === 'error') error.push((cause) => errorFragment(condition, cause))
    else {
      for (const [table, sql] of textFragments(condition)) {
        tables[table].push(condition.negated ? (bind) => `(${sql(bind)}) is not true` : sql)
      }
      if (condition.field === 'key' && !condition.negated) termSets = termSetsOfKeys(condition.values) ?? termSets
    }
  }
  return { ...tables, error, states, text, termSets }
}

type Table = 'queue' | 'cause' | 'letter' | 'content'
type ValuesCondition = Extract<Condition, { readonly values: readonly string[] }>

function statesOf({ values, negated }: ValuesCondition): readonly string[] {
  const named: readonly string[] = values.includes('any') ? letterStates : values
  return negated ? letterStates.filter((state) => !named.includes(state)) : named
}

/** Ids are UUIDv7, so an age is a range of ids and needs no column of its own. */
function ageFragment(operator: string, sinceMs: number): Fragment {
  const turned = operator === '>' || operator === '>=' ? '<' : '>='
  return (bind) => `l.id ${turned} ${bind(firstUuidAt(Math.max(0, sinceMs)))}::uuid`
}

function textFragments({ field, values, negated }: ValuesCondition): readonly (readonly [Table, Fragment])[] {
  switch (field) {
    case 'queue':
      return [['queue', (bind) => `q.name = any(${bind(values)}::text[])`]]
    case 'tier':
      return [['cause', (bind) => `ca.tier = any(${bind(values)}::tier[])`]]
    case 'consumer':
      return [['cause', (bind) => `ca.consumer = any(${bind(values)}::text[])`]]
    case 'cause': {
      const ids = values.map((value) => parseCauseId(value).toString())
      return [['cause', (bind) => `ca.id = any(${bind(ids)}::bigint[])`]]
    }
    case 'letter': {
      const ids = values.map(parseLetterId)
      return [['letter', (bind) => `l.id = any(${bind(ids)}::uuid[])`]]
    }
    case 'key': {
      const keys = values.map((value) => Buffer.from(value, 'utf8'))
      return [['content', (bind) => `c.key = any(${bind(keys)}::bytea[])`]]
    }
    case 'release':
    case 'host': {
      const exact: Fragment = (bind) => `c.${field} = any(${bind(values)}::text[])`
      return negated
        ? [['content', exact]]
        : [
            ['content', exact],
            ['cause', facetFragment(field, values)],
          ]
    }
    default:
      throw new TypeError(`no condition for ${field}`)
  }
}

function errorFragment({ values, negated }: ValuesCondition, cause: 'ca' | 'home'): Fragment {
  const patterns = values.map((value) => `%${likeLiteral(value)}%`)
  return (bind) => {
    const any = `any(${bind(patterns)}::text[])`
    const says = `(${cause}.error_class ilike ${any} or ${cause}.title ilike ${any} or ${cause}.template ilike ${any})`
    return negated ? `${says} is not true` : says
  }
}

/** Only causes that have shown the value, or more values than are kept by name, can have letters of it. */
function facetFragment(facet: string, values: readonly string[]): Fragment {
  return (bind) =>
    `exists (select from cause_facet f where f.cause_id = ca.id and f.facet = ${bind(facet)}
       and (f.value is null or f.value = any(${bind(values)}::text[])))`
}

/** For `like`: the value's own `%`, `_` and `\` mean themselves. */
export function likeLiteral(value: string): string {
  return value.replaceAll(/[\\%_]/g, (character) => `\\${character}`)
}

/** Words with a digit of a key are always among the hashes that are kept, for the key comes first; others may not be. */
function termSetsOfKeys(keys: readonly string[]): readonly (readonly number[])[] | null {
  const sets = keys.map((key) =>
    [...new Set(wordsOf(key.slice(0, 1_000)).slice(0, 8))].filter((word) => /\d/.test(word)).map(termHash),
  )
  return sets.every((set) => set.length > 0) ? sets : null
}
