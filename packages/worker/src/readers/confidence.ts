import type { Confidence, LetterFacts } from '../letter.ts'

/** Every fact has a bit, so that a set of facts is a number. At most 26: two such sets fit one exact number. */
const factNames = [
  'originSystem', 'originPlace', 'originPartition', 'originPosition', 'originTimestampMs', 'originRoute', 'consumer', 'errorClass', 'message',
  'stack', 'attempts', 'maxAttempts', 'firstFailedAtMs', 'lastFailedAtMs', 'tier', 'reason', 'service', 'release', 'host', 'traceparent',
  'wireId', 'replayId', 'hops', 'line', 'bodyExact',
] as const satisfies readonly (keyof LetterFacts)[] // biome-ignore format: the names read better in lines

export const factBits: Readonly<Record<keyof LetterFacts, number>> = Object.fromEntries(
  factNames.map((name, at) => [name, 1 << at]),
) as Record<(typeof factNames)[number], number>

const known = new Map<number, Readonly<Partial<Record<keyof LetterFacts, Confidence>>>>()
const maxKnown = 1_000

/**
 * Where each fact came from. Letters of the same kind get the very same object, which nobody may change: what is made of it has to be made once.
 * @param facts bits of all facts that are there
 * @param inferred bits of those that are concluded
 */
export function confidenceOf(
  facts: number,
  inferred: number,
): Readonly<Partial<Record<keyof LetterFacts, Confidence>>> {
  const key = facts * 2 ** 26 + inferred
  const found = known.get(key)
  if (found !== undefined) return found
  const confidence: Partial<Record<keyof LetterFacts, Confidence>> = {}
  for (const name of factNames) {
    if ((facts & factBits[name]) !== 0) confidence[name] = (inferred & factBits[name]) === 0 ? 'exact' : 'inferred'
  }
  if (known.size >= maxKnown) known.clear()
  known.set(key, Object.freeze(confidence))
  return confidence
}
