import { checkJson } from './check-json.ts'
import { maxJsonBytes } from './limits.ts'
import { Refusal } from './refusal.ts'
import { kindAt, rootOf, type Span, stringAt } from './walk.ts'

/**
 * What `{"op":"transform","path":…,"function":…}` does to one value. Functions of text alone: no pattern, no code, nothing that takes
 * longer than its text is long.
 */
export type TextChange =
  | { readonly function: 'trim' | 'upper' | 'lower' | 'number-to-string' | 'string-to-number' }
  /** Every occurrence, as it is written. */
  | { readonly function: 'replace-text'; readonly find: string; readonly with: string }

const plain = ['trim', 'upper', 'lower', 'number-to-string', 'string-to-number'] as const

/** @throws Refusal */
export function readTextChange(names: readonly string[], text: (name: string) => string): TextChange {
  const name = text('function')
  const known = ['op', 'path', 'function', ...(name === 'replace-text' ? ['find', 'with'] : [])]
  const unknown = names.find((each) => !known.includes(each))
  if (unknown !== undefined) throw new Refusal(`"${unknown.slice(0, 40)}" means nothing here`)
  if (name === 'replace-text') {
    const find = text('find')
    if (find === '') throw new Refusal('"find" is empty')
    return { function: name, find, with: text('with') }
  }
  const found = plain.find((each) => each === name)
  if (found === undefined) throw new Refusal(`"function" is none of ${plain.join(', ')}, replace-text`)
  return { function: found }
}

/** The bytes that take the value's place. @throws Refusal when it is not of the kind that the function is for */
export function changeText(bytes: Buffer, span: Span, change: TextChange): Buffer {
  const kind = kindAt(bytes, span.at)
  const raw = bytes.subarray(span.at, span.end)
  if (change.function === 'number-to-string') {
    if (kind === 'string') return raw
    if (kind !== 'number') throw new Refusal(`a number was expected, it is ${article(kind)}`)
    return Buffer.concat([quote, raw, quote])
  }
  if (change.function === 'string-to-number' && kind === 'number') return raw
  if (kind !== 'string') throw new Refusal(`a text was expected, it is ${article(kind)}`)
  const text = stringAt(bytes, span)
  if (change.function === 'string-to-number') return numberIn(text)
  const changed = changedText(text, change)
  // Bytes that say the same stay as they are.
  return changed === text ? raw : Buffer.from(JSON.stringify(changed), 'utf8')
}

const quote = Buffer.from('"')

function changedText(text: string, change: TextChange): string {
  switch (change.function) {
    case 'trim':
      return text.trim()
    case 'upper':
      return text.toUpperCase()
    case 'lower':
      return text.toLowerCase()
    case 'replace-text': {
      const parts = text.split(change.find)
      if (text.length + (parts.length - 1) * (change.with.length - change.find.length) > maxJsonBytes)
        throw new Refusal(`it would have more than ${maxJsonBytes / 1024 / 1024} MiB`)
      return parts.join(change.with)
    }
    default:
      return text
  }
}

/** The digits as they are in the text. */
function numberIn(text: string): Buffer {
  const bytes = Buffer.from(text.trim(), 'utf8')
  try {
    checkJson(bytes)
    if (kindAt(bytes, rootOf(bytes).at) === 'number') return bytes
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
  }
  throw new Refusal('its text is no number as JSON writes them')
}

function article(kind: string): string {
  return kind === 'true' || kind === 'false' || kind === 'null' ? kind : `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`
}
