import { isUtf8 } from 'node:buffer'
import { maxJsonBytes, maxJsonDepth } from './limits.ts'
import { Refusal } from './refusal.ts'
import { skipSpace } from './walk.ts'

/**
 * Goes through a whole document by RFC 8259 without making values of it: whoever edits it afterwards may trust its form. Lone surrogates
 * written as escapes pass, as the grammar lets them.
 * @throws Refusal with the position of the first byte that is wrong
 * @see https://www.rfc-editor.org/rfc/rfc8259
 */
export function checkJson(bytes: Buffer): void {
  if (bytes.length > maxJsonBytes) refuse(`it has more than ${maxJsonBytes / 1024 / 1024} MiB`, maxJsonBytes)
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) refuse('it starts with a byte order mark', 0)
  if (!isUtf8(bytes)) refuse('it is not UTF-8', firstBroken(bytes))
  const isObject = new Uint8Array(maxJsonDepth)
  let depth = 0
  let at = skipSpace(bytes, 0)
  for (;;) {
    const byte = bytes[at]
    const opens = byte === 0x7b || byte === 0x5b
    if (opens) {
      if (depth === maxJsonDepth) refuse(`it is nested more than ${maxJsonDepth} deep`, at)
      isObject[depth++] = byte === 0x7b ? 1 : 0
      at = skipSpace(bytes, at + 1)
      if (bytes[at] !== byte + 2) {
        if (byte === 0x7b) at = checkKey(bytes, at)
        continue
      }
    } else at = checkScalar(bytes, at)
    // A value ends here, or an empty object or array is about to.
    for (;;) {
      at = skipSpace(bytes, at)
      if (depth === 0) {
        if (at < bytes.length) refuse('something follows the document', at)
        return
      }
      const inObject = isObject[depth - 1] === 1
      if (bytes[at] === 0x2c) {
        at = skipSpace(bytes, at + 1)
        if (inObject) at = checkKey(bytes, at)
        break
      }
      if (bytes[at] !== (inObject ? 0x7d : 0x5d)) refuse(`a comma or ${inObject ? '}' : ']'} is missing`, at)
      depth -= 1
      at += 1
    }
  }
}

/** From a key to where its value begins. */
function checkKey(bytes: Buffer, at: number): number {
  if (bytes[at] !== 0x22) refuse('a key in quotes is missing', at)
  const colon = skipSpace(bytes, checkString(bytes, at))
  if (bytes[colon] !== 0x3a) refuse('a colon is missing', colon)
  return skipSpace(bytes, colon + 1)
}

function checkScalar(bytes: Buffer, at: number): number {
  switch (bytes[at]) {
    case 0x22:
      return checkString(bytes, at)
    case 0x74:
      return checkWord(bytes, at, 'true')
    case 0x66:
      return checkWord(bytes, at, 'false')
    case 0x6e:
      return checkWord(bytes, at, 'null')
    case undefined:
      return refuse('it ends in the middle', at)
    default:
      return checkNumber(bytes, at)
  }
}

function checkWord(bytes: Buffer, at: number, word: string): number {
  if (bytes.toString('latin1', at, at + word.length) !== word) refuse('there is no such word in JSON', at)
  return at + word.length
}

function checkString(bytes: Buffer, from: number): number {
  for (let at = from + 1; at < bytes.length; at += 1) {
    const byte = bytes[at] as number
    if (byte === 0x22) return at + 1
    if (byte < 0x20) refuse('a control character stands in a string as it is', at)
    if (byte === 0x5c) at = checkEscape(bytes, at)
  }
  return refuse('a string does not end', from)
}

/** The last byte of the escape. */
function checkEscape(bytes: Buffer, at: number): number {
  const kind = bytes[at + 1]
  if (kind === undefined || !'"\\/bfnrtu'.includes(String.fromCharCode(kind))) refuse('there is no such escape', at)
  if (kind !== 0x75) return at + 1
  for (let digit = at + 2; digit < at + 6; digit += 1)
    if (!isHex(bytes[digit])) refuse('\\u needs four hexadecimal digits', at)
  return at + 5
}

function checkNumber(bytes: Buffer, from: number): number {
  let at = from
  if (bytes[at] === 0x2d) at += 1
  if (bytes[at] === 0x30) at += 1
  else at = digits(bytes, at)
  if (bytes[at] === 0x2e) at = digits(bytes, at + 1)
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    at += 1
    if (bytes[at] === 0x2b || bytes[at] === 0x2d) at += 1
    at = digits(bytes, at)
  }
  return at
}

function digits(bytes: Buffer, from: number): number {
  let at = from
  while (isDigit(bytes[at])) at += 1
  return at > from ? at : refuse('a value is missing or a number is not written as JSON wants it', from)
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39
const isHex = (byte: number | undefined): boolean =>
  isDigit(byte) || (byte !== undefined && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66)

/** Where bytes that are no UTF-8 begin. */
function firstBroken(bytes: Buffer): number {
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] as number
    const length = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4
    if (length > 1 && (at + length > bytes.length || !isUtf8(bytes.subarray(at, at + length)))) return at
    at += length
  }
  return bytes.length
}

function refuse(message: string, position: number): never {
  throw new Refusal(message, { position })
}
