import { canonical } from './canonical.ts'
import { checkJson } from './check-json.ts'
import { maxJsonBytes, maxJsonDepth, maxWorkBytes } from './limits.ts'
import type { Operation } from './patch.ts'
import { nothingAt, type Place, pathText, placeAt, valueAt } from './pointer.ts'
import { Refusal } from './refusal.ts'
import { changeText } from './text-change.ts'
import { rootOf, type Span } from './walk.ts'

/** `position`: byte of the document where it is no JSON; `operation`: the one that could not be done, from 0. */
export type Patched =
  | { readonly kind: 'patched'; readonly bytes: Buffer }
  | {
      readonly kind: 'refused'
      readonly reason: string
      readonly position: number | null
      readonly operation: number | null
    }

/**
 * Carries out all operations on the document's bytes, or none. Each is one splice: all bytes outside of it stay, numbers as they are
 * written, the order of keys, keys that are there twice, white space. No value is ever made of the document.
 */
export function applyPatch(document: Buffer, operations: readonly Operation[]): Patched {
  let bytes = document
  let work = 0
  let at: number | null = null
  try {
    checkJson(bytes)
    for (const [index, operation] of operations.entries()) {
      at = index
      work += bytes.length
      if (work > maxWorkBytes) throw new Refusal('so many operations on so large a document take too long')
      bytes = apply(bytes, operation)
      if (bytes.length > maxJsonBytes) throw new Refusal(`it would have more than ${maxJsonBytes / 1024 / 1024} MiB`)
    }
    if (operations.some(({ op }) => deepens.has(op))) checkDepth(bytes)
    return { kind: 'patched', bytes }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { kind: 'refused', reason: error.message, position: error.position, operation: at }
  }
}

const deepens: ReadonlySet<string> = new Set(['add', 'replace', 'set', 'move', 'copy'])

/** Values that are put into values go deeper than either was. */
function checkDepth(bytes: Buffer): void {
  try {
    checkJson(bytes)
  } catch (error) {
    throw error instanceof Refusal ? new Refusal(`it would be nested more than ${maxJsonDepth} deep`) : error
  }
}

function apply(bytes: Buffer, operation: Operation): Buffer {
  switch (operation.op) {
    case 'test': {
      const found = valueAt(bytes, operation.path)
      const isSame = canonical(bytes, found) === canonical(operation.value, rootOf(operation.value))
      if (!isSame) throw new Refusal(`the test of ${pathText(operation.path)} fails: another value is there`)
      return bytes
    }
    case 'replace':
      return splice(bytes, valueAt(bytes, operation.path), [operation.value])
    case 'set':
      return set(bytes, operation.path, operation.value)
    case 'transform': {
      const found = valueAt(bytes, operation.path)
      return splice(bytes, found, [changedAt(bytes, found, operation)])
    }
    case 'add':
      return add(bytes, operation.path, operation.value)
    case 'remove':
      return remove(bytes, operation.path)
    case 'copy':
      return add(bytes, operation.path, bytesAt(bytes, operation.from))
    case 'move':
      return move(bytes, operation)
  }
}

function changedAt(bytes: Buffer, found: Span, { path, change }: Extract<Operation, { op: 'transform' }>): Buffer {
  try {
    return changeText(bytes, found, change)
  } catch (error) {
    throw error instanceof Refusal ? new Refusal(`${change.function} of ${pathText(path)}: ${error.message}`) : error
  }
}

const bytesAt = (bytes: Buffer, path: readonly string[]): Buffer => {
  const { at, end } = valueAt(bytes, path)
  return bytes.subarray(at, end)
}

function set(bytes: Buffer, path: readonly string[], value: Buffer): Buffer {
  if (path.length === 0) return splice(bytes, rootOf(bytes), [value])
  const place = placeAt(bytes, path)
  return place.target === null ? insert(bytes, place, { path, value }) : splice(bytes, place.target.value, [value])
}

function add(bytes: Buffer, path: readonly string[], value: Buffer): Buffer {
  if (path.length === 0) return splice(bytes, rootOf(bytes), [value])
  const place = placeAt(bytes, path)
  if (place.target === null) return insert(bytes, place, { path, value })
  if (place.isObject) return splice(bytes, place.target.value, [value])
  const { at } = place.target.key
  return splice(bytes, { at, end: at }, [value, comma, leadOf(bytes, place)])
}

/** Behind the last entry, with the white space that stands before and within that one. */
function insert(
  bytes: Buffer,
  place: Place,
  { path, value }: { readonly path: readonly string[]; readonly value: Buffer },
): Buffer {
  const { container, isObject, token, last, count } = place
  if (!isObject && token !== '-' && Number(token) !== count) throw nothingAt(path)
  const key = isObject ? [Buffer.from(JSON.stringify(token), 'utf8')] : []
  if (last === null) {
    const at = container.at + 1
    return splice(bytes, { at, end: at }, [...key, ...(isObject ? [colon] : []), value])
  }
  const between = bytes.subarray(last.key.end, last.value.at)
  const at = last.value.end
  return splice(bytes, { at, end: at }, [comma, leadOf(bytes, place), ...key, between, value])
}

const comma = Buffer.from(',')
const colon = Buffer.from(':')

function leadOf(bytes: Buffer, { last }: Place): Buffer {
  return last === null ? Buffer.alloc(0) : bytes.subarray(last.lead, last.key.at)
}

function remove(bytes: Buffer, path: readonly string[]): Buffer {
  if (path.length === 0) throw new Refusal('the whole document cannot be removed')
  const { target, before, after, container } = placeAt(bytes, path)
  if (target === null) throw nothingAt(path)
  if (after !== null) return splice(bytes, { at: target.key.at, end: after.key.at }, [])
  return splice(bytes, { at: before?.value.end ?? container.at + 1, end: target.value.end }, [])
}

function move(
  bytes: Buffer,
  { from, path }: { readonly from: readonly string[]; readonly path: readonly string[] },
): Buffer {
  const moved = bytesAt(bytes, from)
  if (from.length <= path.length && from.every((token, index) => token === path[index])) {
    if (from.length === path.length) return bytes
    throw new Refusal(`${pathText(from)} cannot be moved into itself`)
  }
  return add(remove(bytes, from), path, moved)
}

function splice(bytes: Buffer, { at, end }: Span, parts: readonly Buffer[]): Buffer {
  return Buffer.concat([bytes.subarray(0, at), ...parts, bytes.subarray(end)])
}
