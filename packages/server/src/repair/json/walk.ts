/** Ways through bytes that `checkJson` let pass: none of these looks whether they are JSON. Positions are of bytes, ends are behind the last. */

export interface Span {
  readonly at: number
  readonly end: number
}

/** What an object or an array holds: for an element of an array the key is empty and lies where the value begins. */
export interface Entry {
  readonly key: Span
  readonly value: Span
  /** Behind the bracket or the comma before it: from here to `key.at` is white space. */
  readonly lead: number
}

export function skipSpace(bytes: Buffer, from: number): number {
  let at = from
  for (;;) {
    const byte = bytes[at]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at
    at += 1
  }
}

/** The one value of the document. */
export function rootOf(bytes: Buffer): Span {
  const at = skipSpace(bytes, 0)
  return { at, end: endOfValue(bytes, at) }
}

export function endOfValue(bytes: Buffer, from: number): number {
  const first = bytes[from]
  if (first === 0x22) return endOfString(bytes, from)
  if (first !== 0x7b && first !== 0x5b) return endOfPlain(bytes, from)
  let depth = 0
  for (let at = from; ; ) {
    const byte = bytes[at]
    if (byte === 0x22) {
      at = endOfString(bytes, at)
      continue
    }
    at += 1
    if (byte === 0x7b || byte === 0x5b) depth += 1
    else if ((byte === 0x7d || byte === 0x5d) && --depth === 0) return at
  }
}

export function endOfString(bytes: Buffer, from: number): number {
  for (let at = from + 1; ; at += 1) {
    const byte = bytes[at]
    if (byte === 0x22) return at + 1
    if (byte === 0x5c) at += 1
  }
}

/** The entries of the object or array that begins at `from`, one at a time: there may be millions of them. */
export function* entriesOf(bytes: Buffer, from: number): Generator<Entry, void> {
  const isObject = bytes[from] === 0x7b
  const closing = isObject ? 0x7d : 0x5d
  let lead = from + 1
  let at = skipSpace(bytes, lead)
  if (bytes[at] === closing) return
  for (;;) {
    const keyEnd = isObject ? endOfString(bytes, at) : at
    // Behind the colon, which stands behind white space.
    const valueAt = isObject ? skipSpace(bytes, skipSpace(bytes, keyEnd) + 1) : at
    const end = endOfValue(bytes, valueAt)
    yield { key: { at, end: keyEnd }, value: { at: valueAt, end }, lead }
    const next = skipSpace(bytes, end)
    if (bytes[next] === closing) return
    lead = next + 1
    at = skipSpace(bytes, lead)
  }
}

export type Kind = 'object' | 'array' | 'string' | 'number' | 'true' | 'false' | 'null'

export function kindAt(bytes: Buffer, at: number): Kind {
  switch (bytes[at]) {
    case 0x7b:
      return 'object'
    case 0x5b:
      return 'array'
    case 0x22:
      return 'string'
    case 0x74:
      return 'true'
    case 0x66:
      return 'false'
    case 0x6e:
      return 'null'
    default:
      return 'number'
  }
}

/** What a string says, its escapes read. */
export function stringAt(bytes: Buffer, { at, end }: Span): string {
  const inside = bytes.subarray(at + 1, end - 1)
  return inside.includes(0x5c) ? (JSON.parse(bytes.toString('utf8', at, end)) as string) : inside.toString('utf8')
}

/** A number, `true`, `false` or `null`. */
function endOfPlain(bytes: Buffer, from: number): number {
  let at = from
  for (;;) {
    const byte = bytes[at]
    if (byte === undefined || byte <= 0x20 || byte === 0x2c || byte === 0x5d || byte === 0x7d) return at
    at += 1
  }
}
