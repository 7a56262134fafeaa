import { Refusal } from './refusal.ts'
import { type Entry, entriesOf, kindAt, rootOf, type Span, stringAt } from './walk.ts'

/**
 * The reference tokens of a JSON Pointer.
 * @throws Refusal
 * @see https://www.rfc-editor.org/rfc/rfc6901
 */
export function parsePointer(text: string): readonly string[] {
  if (text === '') return []
  if (!text.startsWith('/')) throw new Refusal(`the path ${quoted(text)} does not start with /`)
  return text
    .slice(1)
    .split('/')
    .map((token) => {
      if (/~(?![01])/.test(token)) throw new Refusal(`in the path ${quoted(text)} a ~ is followed by neither 0 nor 1`)
      return token.replaceAll('~1', '/').replaceAll('~0', '~')
    })
}

/** The value that a pointer leads to. @throws Refusal when there is none, or an object on the way names its key twice */
export function valueAt(bytes: Buffer, tokens: readonly string[]): Span {
  let value = rootOf(bytes)
  tokens.forEach((token, index) => {
    const { target } = look(bytes, value, { token, path: tokens.slice(0, index + 1) })
    if (target === null) throw nothingAt(tokens.slice(0, index + 1))
    value = target.value
  })
  return value
}

/** A place in an object or array, whether something is there or not. */
export interface Place {
  readonly container: Span
  readonly isObject: boolean
  readonly token: string
  /** What is there. */
  readonly target: Entry | null
  readonly before: Entry | null
  readonly after: Entry | null
  /** The last entry of all. */
  readonly last: Entry | null
  readonly count: number
}

/** @throws Refusal when the container is not there, or the token can be none of its */
export function placeAt(bytes: Buffer, tokens: readonly string[]): Place {
  const token = tokens.at(-1) ?? ''
  return look(bytes, valueAt(bytes, tokens.slice(0, -1)), { token, path: tokens })
}

function look(
  bytes: Buffer,
  container: Span,
  { token, path }: { readonly token: string; readonly path: readonly string[] },
): Place {
  const kind = kindAt(bytes, container.at)
  if (kind !== 'object' && kind !== 'array') throw nothingAt(path)
  const isObject = kind === 'object'
  const index = isObject ? -1 : indexOf(token, path)
  // A lone surrogate can only be written as an escape.
  const wanted = token.isWellFormed() ? Buffer.from(token, 'utf8') : null
  let [target, before, after, last]: (Entry | null)[] = [null, null, null, null]
  let count = 0
  for (const entry of entriesOf(bytes, container.at)) {
    if (isObject ? isKey(bytes, entry.key, { token, wanted }) : count === index) {
      if (target !== null) throw new Refusal(`the key at ${pathText(path)} is there twice: nobody knows which is meant`)
      target = entry
      before = last
    } else if (target !== null && after === null) after = entry
    last = entry
    count += 1
  }
  return {
    container,
    isObject,
    token,
    target: target ?? null,
    before: before ?? null,
    after: after ?? null,
    last: last ?? null,
    count,
  }
}

/** `-` is the place behind the last element. */
function indexOf(token: string, path: readonly string[]): number {
  if (token === '-') return Number.POSITIVE_INFINITY
  if (!/^(0|[1-9][0-9]{0,9})$/.test(token)) throw new Refusal(`${pathText(path)} names no element of an array`)
  return Number(token)
}

function isKey(
  bytes: Buffer,
  key: Span,
  { token, wanted }: { readonly token: string; readonly wanted: Buffer | null },
): boolean {
  const inside = bytes.subarray(key.at + 1, key.end - 1)
  return inside.includes(0x5c) ? stringAt(bytes, key) === token : wanted !== null && inside.equals(wanted)
}

export const nothingAt = (path: readonly string[]): Refusal => new Refusal(`there is nothing at ${pathText(path)}`)

export function pathText(path: readonly string[]): string {
  return quoted(path.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''))
}

/** As JSON, in which nothing of the text does anything. */
const quoted = (text: string): string => JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text)
