import { type RedriveError, type Tier, tiers } from '@redrive/worker'
import { parseCauseId, parseLetterId } from '../store/ids.ts'
import { wordsOf } from '../store/terms.ts'
import { invalidQuery, maxQueryLength, type QueryWord, queryWords } from './query-words.ts'

/**
 * The search language, the same in CLI and API: `queue:orders tier:transient,timeout error:ETIMEDOUT age:<2h text`.
 * Conditions are joined by AND; values of one condition by OR (commas); `-` in front negates; quotes keep spaces.
 */
export interface Query {
  readonly conditions: readonly Condition[]
}

export type Condition =
  | { readonly field: TextField; readonly values: readonly string[]; readonly negated: boolean }
  | { readonly field: NumberField; readonly operator: Operator; readonly value: number }

export type TextField = (typeof textFields)[number]
/** `age` in milliseconds since capture, `attempts` and `bytes` as plain numbers. */
export type NumberField = (typeof numberFields)[number]
export type Operator = '<' | '<=' | '>' | '>=' | '='

export const letterStates = [
  'open',
  'held',
  'replaying',
  'uncertain',
  'replayed',
  'discarded',
  'archived',
  'erased',
] as const

const textFields = [
  'queue',
  'tier',
  'state',
  'cause',
  'error',
  'consumer',
  'release',
  'host',
  'key',
  'letter',
  'text',
] as const
const numberFields = ['age', 'attempts', 'bytes'] as const
/** What may stand in front of a colon. */
export const queryFields: readonly string[] = [...textFields, ...numberFields]
const maxConditions = 32

/** @throws QUERY_INVALID with `data.position` (0-based, in UTF-16 units) and what was expected there. */
export function parseQuery(text: string): Query {
  if (text.length > maxQueryLength)
    throw invalidQuery(text, maxQueryLength, `a query has at most ${maxQueryLength} characters`)
  // PostgreSQL's text cannot hold it, so nothing can match.
  const nul = text.indexOf('\0')
  if (nul >= 0) throw invalidQuery(text, nul, 'the character NUL cannot be searched for')
  const conditions: Condition[] = []
  for (const word of queryWords(text)) {
    if (conditions.length === maxConditions)
      throw invalidQuery(text, word.position, `a query has at most ${maxConditions} conditions`)
    conditions.push(conditionOf(text, word))
  }
  return { conditions }
}

function conditionOf(text: string, word: QueryWord): Condition {
  const { field, values, negated } = word
  const wrongAt = (position: number, why: string): RedriveError => invalidQuery(text, position, why)
  if (values.some((value) => value === '')) {
    throw wrongAt(
      word.valuePosition,
      field === null ? 'an empty word' : `${field}: needs a value, like ${example(field)}`,
    )
  }
  if (field === null || field === 'text') {
    if (negated) throw wrongAt(word.position, 'words cannot be negated; only conditions such as -queue:orders can')
    const silent = values.find((value) => wordsOf(value).length === 0)
    if (silent !== undefined)
      throw wrongAt(word.valuePosition, `"${silent}" is too short to be found; a word has at least 3 letters or digits`)
    return { field: 'text', values, negated: false }
  }
  if (isOneOf(numberFields, field)) return numberCondition(text, word, field)
  if (!isOneOf(textFields, field)) {
    throw wrongAt(word.position, `there is no field "${field}"; fields are ${queryFields.join(', ')}`)
  }
  const complaint = complaintAbout(field, values)
  if (complaint !== null) throw wrongAt(word.valuePosition, complaint)
  return { field, values, negated }
}

function complaintAbout(field: TextField, values: readonly string[]): string | null {
  const allowed: readonly string[] | null = field === 'tier' ? tierNames : field === 'state' ? states : null
  const wrong = allowed === null ? undefined : values.find((value) => !allowed.includes(value))
  if (wrong !== undefined) return `${field} is one of ${allowed?.join(', ')}, not "${wrong}"`
  const parse = field === 'cause' ? parseCauseId : field === 'letter' ? parseLetterId : null
  const notAnId = parse === null ? undefined : values.find((value) => !isReadable(value, parse))
  return notAnId === undefined ? null : `"${notAnId}" is not the id of a ${field}`
}

const tierNames: readonly Tier[] = tiers
const states: readonly string[] = [...letterStates, 'any']

function numberCondition(text: string, word: QueryWord, field: NumberField): Condition {
  const complaint = (): RedriveError =>
    invalidQuery(text, word.valuePosition, `${field} is compared like ${example(field)}`)
  const match = /^(<=|>=|<|>|=)?(\d{1,12})(ms|s|m|h|d|w|kb|mb|)$/i.exec(word.values.join(','))
  if (match === null || word.negated) throw complaint()
  const [, operator = field === 'age' ? '<' : '=', digits, unit = ''] = match
  const factor = unitsOf[field].get(unit.toLowerCase())
  // Letters of one exact millisecond are nobody's question.
  if (factor === undefined || (field === 'age' && operator === '=')) throw complaint()
  return { field, operator: operator as Operator, value: Number(digits) * factor }
}

const unitsOf: Readonly<Record<NumberField, ReadonlyMap<string, number>>> = {
  age: new Map([
    ['ms', 1],
    ['s', 1e3],
    ['m', 6e4],
    ['h', 36e5],
    ['d', 864e5],
    ['w', 6048e5],
  ]),
  attempts: new Map([['', 1]]),
  bytes: new Map([
    ['', 1],
    ['kb', 1024],
    ['mb', 1024 ** 2],
  ]),
}

function isReadable(value: string, parse: (text: string) => unknown): boolean {
  try {
    parse(value)
    return true
  } catch {
    return false
  }
}

function isOneOf<const Names extends readonly string[]>(names: Names, name: string): name is Names[number] {
  return names.includes(name)
}

const examples: Readonly<Record<string, string>> = {
  age: 'age:<2h',
  attempts: 'attempts:>=3',
  bytes: 'bytes:>10kb',
  tier: 'tier:transient,timeout',
  error: 'error:ETIMEDOUT',
}

function example(field: string): string {
  return examples[field] ?? `${field}:orders`
}
