import { RedriveError } from '@redrive/worker'
import { checkJson } from './check-json.ts'
import { maxOperations, maxPatchBytes } from './limits.ts'
import { parsePointer } from './pointer.ts'
import { Refusal } from './refusal.ts'
import { readTextChange, type TextChange } from './text-change.ts'
import { entriesOf, kindAt, rootOf, type Span, stringAt } from './walk.ts'

/** One step of a patch. Values are the very bytes that the patch has for them. */
export type Operation =
  | { readonly op: 'add' | 'replace' | 'set' | 'test'; readonly path: readonly string[]; readonly value: Buffer }
  | { readonly op: 'remove'; readonly path: readonly string[] }
  | { readonly op: 'move' | 'copy'; readonly path: readonly string[]; readonly from: readonly string[] }
  | { readonly op: 'transform'; readonly path: readonly string[]; readonly change: TextChange }

/**
 * Reads a JSON Patch from its text, never from values: its numbers go into documents as they are written. Beside the six operations
 * of the standard there are `set` (replace what is there, else add it) and `transform` (see `text-change.ts`).
 * @throws REQUEST_INVALID
 * @see https://www.rfc-editor.org/rfc/rfc6902
 */
export function parsePatch(text: string): readonly Operation[] {
  try {
    return read(text)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const where = error.operation === null ? 'The patch' : `Operation ${error.operation + 1} of the patch`
    const at = error.position === null ? '' : `, at byte ${error.position}`
    throw new RedriveError('REQUEST_INVALID', `${where} cannot be read: ${error.message}${at}.`, {
      hint: 'A patch is a JSON array by RFC 6902, like [{"op":"replace","path":"/currency","value":"EUR"}].',
      data: { operation: error.operation, position: error.position },
    })
  }
}

function read(text: string): readonly Operation[] {
  if (!text.isWellFormed()) throw new Refusal('it holds half a character')
  const bytes = Buffer.from(text, 'utf8')
  if (bytes.length > maxPatchBytes) throw new Refusal(`it has more than ${maxPatchBytes / 1024 / 1024} MiB`)
  checkJson(bytes)
  const root = rootOf(bytes)
  if (kindAt(bytes, root.at) !== 'array') throw new Refusal('it is no array of operations')
  const operations: Operation[] = []
  for (const { value } of entriesOf(bytes, root.at)) {
    if (operations.length === maxOperations) throw new Refusal(`it has more than ${maxOperations} operations`)
    try {
      operations.push(readOperation(bytes, value))
    } catch (error) {
      throw error instanceof Refusal ? new Refusal(error.message, { operation: operations.length }) : error
    }
  }
  if (operations.length === 0) throw new Refusal('it has no operations')
  return operations
}

function readOperation(bytes: Buffer, span: Span): Operation {
  if (kindAt(bytes, span.at) !== 'object') throw new Refusal('an operation is no object')
  const members = new Map<string, Span>()
  for (const { key, value } of entriesOf(bytes, span.at)) {
    const name = stringAt(bytes, key)
    if (members.has(name)) throw new Refusal('it names a key twice')
    members.set(name, value)
  }
  const text = (name: string): string => {
    const found = members.get(name)
    if (found === undefined || kindAt(bytes, found.at) !== 'string')
      throw new Refusal(`"${name}" is missing or no text`)
    return stringAt(bytes, found)
  }
  const value = (): Buffer => {
    const found = members.get('value')
    if (found === undefined) throw new Refusal('"value" is missing')
    return Buffer.from(bytes.subarray(found.at, found.end))
  }
  const op = text('op')
  const path = parsePointer(text('path'))
  switch (op) {
    case 'add':
    case 'replace':
    case 'set':
    case 'test':
      return { op, path, value: value() }
    case 'remove':
      return { op, path }
    case 'move':
    case 'copy':
      return { op, path, from: parsePointer(text('from')) }
    case 'transform':
      return { op, path, change: readTextChange([...members.keys()], text) }
    default:
      throw new Refusal('"op" is none of add, remove, replace, move, copy, test, set, transform')
  }
}
