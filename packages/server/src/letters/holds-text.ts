import { wordsOf } from '../store/terms.ts'

/**
 * Whether each value really stands in the texts: its words as whole words, and a value of several words as it is written. Capital ASCII
 * letters are small ones. Letters are found by hashes of words, which may collide; who acts on them must not act on one that only collides.
 */
export function holdsText(values: readonly string[], texts: readonly (Uint8Array | string | null)[]): boolean {
  if (values.length === 0) return true
  const held = new Set<string>()
  const written: string[] = []
  for (const text of texts) {
    if (text === null) continue
    const characters = lower(typeof text === 'string' ? text : Buffer.from(text).toString('utf8'))
    for (const word of wordsOf(characters)) held.add(word)
    written.push(characters)
  }
  return values.every((value) => {
    const words = wordsOf(value)
    if (words.length === 0 || !words.every((word) => held.has(word))) return false
    const asWritten = lower(value)
    return words[0] === asWritten || written.some((text) => text.includes(asWritten))
  })
}

function lower(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
}
