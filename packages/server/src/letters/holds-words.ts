import { wordsOf } from '../store/terms.ts'

/**
 * Whether every word really stands in one of the texts. Search finds letters by hashes of words, which may collide; who acts on
 * letters found by words must not act on one that only collides.
 */
export function holdsWords(words: readonly string[], texts: readonly (Uint8Array | string | null)[]): boolean {
  if (words.length === 0) return true
  const held = new Set<string>()
  for (const text of texts) {
    if (text === null) continue
    for (const word of wordsOf(typeof text === 'string' ? text : Buffer.from(text).toString('utf8'))) held.add(word)
  }
  return words.every((word) => held.has(word))
}
