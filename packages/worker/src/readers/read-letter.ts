import type { Confidence, LetterFacts, ReadLetter } from '../letter.ts'
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
  const transports = read.filter(({ reader }) => reader.layer === 'transport').map(({ reading }) => reading)
  const frameworks = read.filter(({ reader }) => reader.layer === 'framework').map(({ reading }) => reading)
  if (frameworks.length > 1) frameworks.sort((left, right) => left.writtenAt - right.writtenAt)
  const knowsOrigin = ({ facts }: Reading): boolean => facts.originPlace !== undefined
  const origin =
    read.find((one) => one.reader === redrive && knowsOrigin(one.reading))?.reading ?? frameworks.find(knowsOrigin)
  const last = frameworks.at(-1)
  const facts: Record<string, unknown> = {}
  const confidence: Record<string, Confidence> = {}
  const fill = (reading: Reading | undefined, names: readonly (keyof LetterFacts)[]): void => {
    if (reading === undefined) return
    for (const name of names) {
      const value = reading.facts[name]
      if (value === undefined || name in facts) continue
      facts[name] = value
      confidence[name] = reading.inferred.has(name) ? 'inferred' : 'exact'
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
  return {
    facts: facts as LetterFacts,
    confidence,
    readers: read.map(({ reader }) => reader.name),
    failureHeaders: failureHeaders(letter),
  }
}

/** Names of the headers that describe the failure; the message's own never are among them. */
export function failureHeaders(letter: Pick<RawLetter, 'system' | 'message'>): string[] {
  const names = new Set<string>()
  const owners = readers.filter(({ layer, name }) => layer === 'framework' || name === letter.system)
  for (const { name } of letter.message.headers) {
    if (!names.has(name) && owners.some((reader) => reader.owns(name))) names.add(name)
  }
  return [...names]
}

/** Readers do not throw; should one do so, its letter is captured without what it would have said. */
function attempt(reader: Reader, letter: RawLetter): Reading | null {
  try {
    return reader.read(letter)
  } catch {
    return null
  }
}
