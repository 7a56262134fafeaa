import { RedriveError } from '@redrive/worker'

/** One word of a query: `field:value,value`, `-field:value` or free text, with where it stands. */
export interface QueryWord {
  readonly position: number
  readonly negated: boolean
  /** Lower case; `null` for free text. */
  readonly field: string | null
  readonly valuePosition: number
  /** Split at commas outside quotes; free text is one value. */
  readonly values: readonly string[]
}

export const maxQueryLength = 2_000

/** @throws QUERY_INVALID for a quote that is never closed */
export function* queryWords(text: string): Generator<QueryWord> {
  let at = 0
  while (at < text.length) {
    if (isSpace(text.charAt(at))) {
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

/** @param position 0-based, in UTF-16 units */
export function invalidQuery(text: string, position: number, why: string): RedriveError {
  return new RedriveError('QUERY_INVALID', `The query cannot be read at character ${position + 1}: ${why}.`, {
    hint: 'Example: queue:orders tier:transient error:ETIMEDOUT age:<2h ord-1042',
    data: { position, query: text.slice(0, maxQueryLength) },
  })
}

function valuesFrom(text: string, start: number, split: boolean): { values: string[]; end: number } {
  const values: string[] = []
  let value = ''
  let at = start
  for (; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (isSpace(character)) break
    if (character === '"') {
      const close = text.indexOf('"', at + 1)
      if (close < 0) throw invalidQuery(text, at, 'this quote is never closed')
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

function isSpace(character: string): boolean {
  return /\s/.test(character)
}
