import { type Fingerprint, type FingerprintInput, fingerprint } from '@redrive/worker/fingerprint'

const maxEntries = 2_000
const maxCharacters = 8 * 1024 * 1024
/**
 * Numbers up to six digits may be codes that tell causes apart; longer ones that stand alone are values. Those in names of functions
 * (identifiers), files and folders are not alone.
 */
const longNumber = /(?<![\w./\\$#@-]|at )\d{7,30}(?!\w)/g

/**
 * `fingerprint` that remembers. Letters of one cause mostly differ in long numbers alone (orders, times, offsets), which no template keeps, so
 * most of a burst is recognised by a look into a map. Each digit of such a number becomes a 7: what is a number stays one, as long as before.
 */
export function fingerprinter(): (input: FingerprintInput) => Fingerprint {
  const known = new Map<string, Fingerprint>()
  let characters = 0
  return (input) => {
    const { queue, consumer, tier, errorClass, message, stack, reason } = input
    // The lengths say where one text ends and the next begins.
    const lengths = `${consumer?.length} ${errorClass?.length} ${reason?.length} ${message?.length}`
    const names = `${queue}\n${tier} ${lengths}\n${consumer}\n${errorClass}\n${reason}\n`
    const key = names + `${message}\n${stack}`.replace(longNumber, sevens)
    const found = known.get(key)
    if (found !== undefined) return found
    const made = fingerprint(input)
    if (known.size >= maxEntries || characters + key.length > maxCharacters) {
      known.clear()
      characters = 0
    }
    characters += key.length
    known.set(key, made)
    return made
  }
}

function sevens(digits: string): string {
  return ''.padEnd(digits.length, '7')
}
