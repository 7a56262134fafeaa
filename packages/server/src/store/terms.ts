/**
 * Hashed words for search: what somebody may look for (an order number, a customer, an error code) is found by an index over
 * small numbers instead of over every body. A hit is a candidate only: whoever searches compares with the text itself.
 *
 * A word is a run of ASCII letters, digits, `_`, `-` and bytes above 127, at least 3 bytes long; ASCII letters in lower case,
 * the first 64 bytes count.
 */
const minBytes = 3
const maxWordBytes = 64
const maxScannedBytes = 8192
const maxTerms = 32

/**
 * At most 32 distinct hashes over the first 8 KB of each text. Words with a digit, which ids are, come before the others; among equals
 * the earlier text and the earlier word win.
 */
export function termsOf(...texts: readonly (Uint8Array | string | null | undefined)[]): number[] {
  found.ids = 0
  found.words = 0
  for (const text of texts) {
    if (text === null || text === undefined) continue
    scan(typeof text === 'string' ? Buffer.from(text.slice(0, maxScannedBytes), 'utf8') : text)
    if (found.ids >= maxTerms) break
  }
  const terms = Array.from(ids.subarray(0, found.ids))
  for (let at = 0; at < found.words && terms.length < maxTerms; at++) {
    const hash = words[at] as number
    if (!terms.includes(hash)) terms.push(hash)
  }
  return terms
}

/** The words of a text as `termsOf` sees them, ASCII letters in lower case. */
export function wordsOf(text: string): string[] {
  const words: string[] = []
  for (const match of text.matchAll(/[A-Za-z0-9_\-\u0080-\u{10ffff}]+/gu)) {
    if (Buffer.byteLength(match[0], 'utf8') >= minBytes)
      words.push(match[0].replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()))
  }
  return words
}

/** FNV-1a, 32 bits, signed as PostgreSQL's int, of one word. */
export function termHash(word: string): number {
  let hash = startHash
  for (const byte of Buffer.from(word, 'utf8').subarray(0, maxWordBytes))
    hash = Math.imul(hash ^ (lowered[byte] || byte), prime)
  return hash | 0
}

/** FNV's offset basis; a signed integer, as a double makes every step slow. */
const startHash = 0x811c9dc5 | 0
const prime = 0x01000193

/** The byte in lower case for bytes of a word, 0 for all others. */
const lowered = new Uint8Array(256)
for (let byte = 0; byte < 256; byte++) {
  const character = String.fromCharCode(byte)
  if (byte > 127 || /[a-z0-9_-]/.test(character)) lowered[byte] = byte
  else if (/[A-Z]/.test(character)) lowered[byte] = byte + 32
}

const isDigit = new Uint8Array(256)
for (let byte = 0x30; byte <= 0x39; byte++) isDigit[byte] = 1

/** Where `scan` collects, used again by every call: words with a digit, and the others. */
const ids = new Int32Array(maxTerms)
const words = new Int32Array(maxTerms)
const found = { ids: 0, words: 0 }

function scan(bytes: Uint8Array): void {
  const end = Math.min(bytes.length, maxScannedBytes)
  for (let at = 0; at < end; at++) {
    let byte = lowered[bytes[at] as number] as number
    if (byte === 0) continue
    const start = at
    const hashedEnd = Math.min(end, start + maxWordBytes)
    let hash = startHash
    let digits = 0
    do {
      hash = Math.imul(hash ^ byte, prime)
      digits |= isDigit[byte] as number
      at++
    } while (at < hashedEnd && (byte = lowered[bytes[at] as number] as number) !== 0)
    // Of a word longer than what is hashed, the rest only says whether there is a digit.
    while (at < end && (byte = lowered[bytes[at] as number] as number) !== 0) {
      digits |= isDigit[byte] as number
      at++
    }
    if (at - start < minBytes) continue
    if (digits !== 0) found.ids = addOnce(ids, found.ids, hash)
    else found.words = addOnce(words, found.words, hash)
  }
}

/** @returns how many there are now */
function addOnce(list: Int32Array, count: number, hash: number): number {
  for (let at = 0; at < count; at++) if (list[at] === hash) return count
  if (count === maxTerms) return count
  list[count] = hash
  return count + 1
}
