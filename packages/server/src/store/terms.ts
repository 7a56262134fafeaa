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
  const ids: number[] = []
  const words: number[] = []
  for (const text of texts) {
    if (text === null || text === undefined) continue
    scan(typeof text === 'string' ? Buffer.from(text.slice(0, maxScannedBytes), 'utf8') : text, ids, words)
    if (ids.length >= maxTerms) break
  }
  for (const hash of words) {
    if (ids.length >= maxTerms) break
    if (!ids.includes(hash)) ids.push(hash)
  }
  return ids
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
  let hash = offsetBasis
  for (const byte of Buffer.from(word, 'utf8').subarray(0, maxWordBytes))
    hash = Math.imul(hash ^ (lowered[byte] || byte), prime)
  return hash | 0
}

const offsetBasis = 0x811c9dc5
const prime = 0x01000193

/** The byte in lower case for bytes of a word, 0 for all others. */
const lowered = new Uint8Array(256)
for (let byte = 0; byte < 256; byte++) {
  const character = String.fromCharCode(byte)
  if (byte > 127 || /[a-z0-9_-]/.test(character)) lowered[byte] = byte
  else if (/[A-Z]/.test(character)) lowered[byte] = byte + 32
}

/** Adds the hashes of words with a digit to `ids` and of others to `words`, each once and at most `maxTerms`. */
function scan(bytes: Uint8Array, ids: number[], words: number[]): void {
  const end = Math.min(bytes.length, maxScannedBytes)
  let hash = offsetBasis
  let length = 0
  let hasDigit = false
  for (let at = 0; at <= end; at++) {
    const byte = at < end ? (lowered[bytes[at] as number] as number) : 0
    if (byte !== 0) {
      if (length++ < maxWordBytes) hash = Math.imul(hash ^ byte, prime)
      if (byte >= 0x30 && byte <= 0x39) hasDigit = true
    } else if (length > 0) {
      const list = hasDigit ? ids : words
      if (length >= minBytes && list.length < maxTerms && !list.includes(hash | 0)) list.push(hash | 0)
      hash = offsetBasis
      length = 0
      hasDigit = false
    }
  }
}
