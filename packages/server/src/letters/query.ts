import { RedriveError, tiers } from '@redrive/worker'
import { parseCauseId, parseLetterId } from '../store/ids.ts'

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
export type NumberField = 'age' | 'attempts' | 'bytes'
export type Operator = '<' | '<=' | '>' | '>=' | '='

const textFields = ['queue', 'tier', 'state', 'cause', 'error', 'consumer', 'release', 'host', 'key', 'letter', 'text'] as const
const numberFields: readonly string[] = ['age', 'attempts', 'bytes']
const states = ['open', 'held', 'replaying', 'uncertain', 'replayed', 'discarded', 'archived', 'erased', 'any']
const maxLength = 2_000
const maxConditions = 32

/** @throws QUERY_INVALID with `data.position` (0-based, in UTF-16 units) and what was expected there. */
export function parseQuery(text: string): Query {
  if (text.length > maxLength) throw invalid(text, maxLength, `a query has at most ${maxLength} characters`)
  const conditions: Condition[] = []
  for (const word of wordsOf(text)) {
    if (conditions.length === maxConditions) throw invalid(text, word.position, `a query has at most ${maxConditions} conditions`)
    conditions.push(conditionOf(text, word))
  }
  return { conditions }
}

/** True when the query says something about the state itself; otherwise lists show open letters only. */
export function namesState(query: Query): boolean {
  return query.conditions.some(({ field }) => field === 'state')
}

interface Word {
  readonly position: number
  readonly negated: boolean
  readonly field: string | null
  readonly valuePosition: number
  /** Split at commas outside quotes. */
  readonly values: readonly string[]
}

function* wordsOf(text: string): Generator<Word> {
  let at = 0
  while (at < text.length) {
    if (/\s/.test(text.charAt(at))) {
      at += 1
      continue
    }
    const position = at
    const negated = text.charAt(at) === '-' && /[a-z]/i.test(text.charAt(at + 1))
    if (negated) at += 1
    const name = /^[a-z]+(?=:)/i.exec(text.slice(at, at + 20))?.[0] ?? null
    if (name !== null) at += name.length + 1
    const valuePosition = at
    const { values, end } = valuesFrom(text, at, name !== null)
    at = end
    yield { position, negated, field: name?.toLowerCase() ?? null, valuePosition, values }
  }
}

function valuesFrom(text: string, start: number, split: boolean): { values: string[]; end: number } {
  const values: string[] = []
  let value = ''
  let at = start
  for (; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (/\s/.test(character)) break
    if (character === '"') {
      const close = text.indexOf('"', at + 1)
      if (close < 0) throw invalid(text, at, 'this quote is never closed')
      value += text.slice(at + 1, close)
      at = close
    } else if (character === ',' && split) {
      values.push(value)
      value = ''
    } else value += character
  }
  values.push(value)
  return { values, end: at }
}

function conditionOf(text: string, word: Word): Condition {
  const { field, values, negated } = word
  if (values.some((value) => value === '')) {
    throw invalid(text, word.valuePosition, field === null ? 'an empty word' : `${field}: needs a value, like ${example(field)}`)
  }
  if (field === null) {
    if (negated) throw invalid(text, word.position, 'words cannot be negated; only conditions such as -queue:orders can')
    return { field: 'text', values, negated: false }
  }
  if (numberFields.includes(field)) return numberCondition(text, word, field as NumberField)
  if (!isTextField(field)) {
    throw invalid(text, word.position, `there is no field "${field}"; fields are ${[...textFields, ...numberFields].join(', ')}`)
  }
  const allowed = field === 'tier' ? tiers : field === 'state' ? states : null
  const wrong = allowed === null ? undefined : values.find((value) => !(allowed as readonly string[]).includes(value))
  if (wrong !== undefined) throw invalid(text, word.valuePosition, `${field} is one of ${allowed?.join(', ')}, not "${wrong}"`)
  const parse = field === 'cause' ? parseCauseId : field === 'letter' ? parseLetterId : null
  const notAnId = parse === null ? undefined : values.find((value) => !isReadable(value, parse))
  if (notAnId !== undefined) throw invalid(text, word.valuePosition, `"${notAnId}" is not the id of a ${field}`)
  if (field === 'text' && negated) throw invalid(text, word.position, 'text cannot be negated')
  return { field, values, negated }
}

function numberCondition(text: string, word: Word, field: NumberField): Condition {
  const match = /^(<=|>=|<|>|=)?(\d{1,12})(ms|s|m|h|d|w|kb|mb|)$/i.exec(word.values.join(','))
  if (match === null || word.negated) throw invalid(text, word.valuePosition, `${field} is compared like ${example(field)}`)
  const [, operator, digits, unit = ''] = match
  const factor = unitsOf[field].get(unit.toLowerCase())
  if (factor === undefined) throw invalid(text, word.valuePosition, `${field} is compared like ${example(field)}`)
  return { field, operator: (operator ?? (field === 'age' ? '<' : '=')) as Operator, value: Number(digits) * factor }
}

const unitsOf: Readonly<Record<NumberField, ReadonlyMap<string, number>>> = {
  age: new Map([['ms', 1], ['s', 1e3], ['m', 6e4], ['h', 36e5], ['d', 864e5], ['w', 6048e5]]),
  attempts: new Map([['', 1]]),
  bytes: new Map([['', 1], ['kb', 1024], ['mb', 1024 ** 2]]),
}

function isReadable(value: string, parse: (text: string) => unknown): boolean {
  try {
    parse(value)
    return true
  } catch {
    return false
  }
}

function isTextField(field: string): field is TextField {
  return (textFields as readonly string[]).includes(field)
}

function example(field: string): string {
  const examples: Readonly<Record<string, string>> = {
    age: 'age:<2h', attempts: 'attempts:>=3', bytes: 'bytes:>10kb', tier: 'tier:transient,timeout', error: 'error:ETIMEDOUT',
  }
  return examples[field] ?? `${field}:orders`
}

function invalid(text: string, position: number, why: string): RedriveError {
  return new RedriveError('QUERY_INVALID', `The query cannot be read at character ${position + 1}: ${why}.`, {
    hint: 'Example: queue:orders tier:transient error:ETIMEDOUT age:<2h ord-1042',
    data: { position, query: text.slice(0, maxLength) },
  })
}
