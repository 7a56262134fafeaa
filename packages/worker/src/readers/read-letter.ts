import type { LetterFacts, ReadLetter } from '../letter.ts'
import { confidenceOf, factBits } from './confidence.ts'
import type { RawLetter, Reader, Reading } from './reader.ts'
import { redrive } from './redrive.ts'
import { readers } from './registry.ts'

/** Facts that only make sense together: those of one origin, and those of one failure. */
const originFacts = [
  'originPlace',
  'originSystem',
  'originPartition',
  'originPosition',
  'originTimestampMs',
  'originRoute',
] as const
const failureFacts = [
  'consumer',
  'errorClass',
  'message',
  'stack',
  'attempts',
  'maxAttempts',
  'firstFailedAtMs',
  'lastFailedAtMs',
  'tier',
  'reason',
] as const
const otherFacts = ['service', 'release', 'host', 'traceparent', 'wireId', 'replayId', 'hops'] as const

/**
 * Reads a dead letter in two layers and merges them. Of several frameworks the last that wrote knows the failure and the first the origin,
 * unless our own wire names one: its lanes are named after it. Neither is ever mixed from several. What no framework says comes from
 * the transport. Never throws.
 */
export function readLetter(letter: RawLetter): ReadLetter {
  const read: { readonly reader: Reader; readonly reading: Reading }[] = []
  for (const reader of readers) {
    const reading = attempt(reader, letter)
    if (reading !== null) read.push({ reader, reading })
  }
  const [only] = read
  const merged = only !== undefined && read.length === 1 ? alone(only.reading) : merge(read)
  return {
    facts: merged.facts,
    confidence: confidenceOf(merged.known, merged.inferred),
    readers: read.map(({ reader }) => reader.name),
    failureHeaders: failureHeaders(letter),
  }
}

interface Merged {
  readonly facts: LetterFacts
  /** Bits of the facts, and of those that are concluded. */
  readonly known: number
  readonly inferred: number
}

/** What merging would make of one reading. */
function alone({ facts, inferred }: Reading): Merged {
  const bits = { known: 0, inferred: 0 }
  for (const name in facts) bits.known |= factBits[name as keyof LetterFacts]
  if (inferred.size > 0) for (const name of inferred) bits.inferred |= factBits[name]
  return { facts, ...bits }
}

function merge(read: readonly { readonly reader: Reader; readonly reading: Reading }[]): Merged {
  const transports = read.filter(({ reader }) => reader.layer === 'transport').map(({ reading }) => reading)
  const frameworks = read.filter(({ reader }) => reader.layer === 'framework').map(({ reading }) => reading)
  if (frameworks.length > 1) frameworks.sort((left, right) => left.writtenAt - right.writtenAt)
  const knowsOrigin = ({ facts }: Reading): boolean => facts.originPlace !== undefined
  const origin =
    read.find((one) => one.reader === redrive && knowsOrigin(one.reading))?.reading ?? frameworks.find(knowsOrigin)
  const last = frameworks.at(-1)
  const facts: Record<string, unknown> = {}
  const bits = { known: 0, inferred: 0 }
  const fill = (reading: Reading | undefined, names: readonly (keyof LetterFacts)[]): void => {
    if (reading === undefined) return
    for (const name of names) {
      const value = reading.facts[name]
      if (value === undefined || (bits.known & factBits[name]) !== 0) continue
      facts[name] = value
      bits.known |= factBits[name]
      if (reading.inferred.has(name)) bits.inferred |= factBits[name]
    }
  }
  fill(origin, originFacts)
  if (origin === undefined) for (const reading of [...transports, ...frameworks]) fill(reading, originFacts)
  fill(last, failureFacts)
  for (const reading of transports) fill(reading, failureFacts)
  for (let at = frameworks.length - 1; at >= 0; at -= 1) fill(frameworks[at], otherFacts)
  for (const reading of transports) fill(reading, otherFacts)
  const exact = [...frameworks, ...transports].filter((reading) => reading.facts.bodyExact !== undefined)
  fill(exact.find((reading) => reading.facts.bodyExact === false) ?? exact[0], ['bodyExact'])
  return { facts: facts as LetterFacts, ...bits }
}

/** Names of the headers that describe the failure; the message's own never are among them. */
export function failureHeaders(letter: Pick<RawLetter, 'system' | 'message'>): string[] {
  const names: string[] = []
  const seen = letter.message.headers.length > fewHeaders ? new Set<string>() : undefined
  for (const { name } of letter.message.headers) {
    if (!readers.some((reader) => isOwner(reader, letter.system) && reader.owns(name))) continue
    if (seen === undefined ? names.includes(name) : seen.has(name)) continue
    names.push(name)
    seen?.add(name)
  }
  return names
}

/** Up to here a look along the list is cheaper than a set. */
const fewHeaders = 32

function isOwner({ layer, name }: Reader, system: string): boolean {
  return layer === 'framework' || name === system
}

/** Readers do not throw; should one do so, its letter is captured without what it would have said. */
function attempt(reader: Reader, letter: RawLetter): Reading | null {
  try {
    return reader.read(letter)
  } catch {
    return null
  }
}
