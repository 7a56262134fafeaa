import { hash } from 'node:crypto'
import { type Delivery, type LetterFacts, type Message, messageBytes, type ReadLetter } from '@redrive/worker'
import { type Fingerprint, type FingerprintInput, fingerprint } from '@redrive/worker/fingerprint'
import { readLetter } from '@redrive/worker/readers'
import type { Founding, LetterToPlace } from '../causes/index.ts'
import type { Queue } from '../store/queues.ts'
import { termsOf } from '../store/terms.ts'
import { uuidText } from '../store/uuid.ts'
import { type Identity, identityOf } from './identity.ts'

/** A delivery as far as its bytes alone tell. */
export interface RecognisedLetter {
  readonly delivery: Delivery
  /** What is kept: the delivered one, or that with marks in place of what rules of redaction name. */
  readonly message: Message
  /** What was replaced and where, like `email in body`. */
  readonly redacted: readonly string[]
  readonly id: Buffer
  readonly idText: string
  readonly read: ReadLetter
  /** Of what is kept. */
  readonly bodySha256: Buffer
  readonly bytes: number
  readonly identity: Identity
  /** Why the facts were emptied; `null` for an ordinary letter. */
  readonly hostile: string | null
}

/** With its queue and its fingerprint. */
export interface PlacedLetter extends RecognisedLetter {
  readonly queue: Queue
  readonly fingerprint: Fingerprint
  /** Key of the cause the algorithm found, hexadecimal. */
  readonly home: string
  readonly teaches: boolean
  /** The cause a rule leads it to; `null`: it stays at home. */
  readonly led: Founding | null
  /** Of the rules it was placed by. */
  readonly rulesVersion: number
  readonly terms: readonly number[]
}

export function recogniseLetter(
  delivery: Delivery,
  options: { readonly system: string; readonly id: Buffer },
): RecognisedLetter {
  const { message } = delivery
  const bodySha256 = bodyHash(message)
  const { read, hostile } = readMessage(delivery, message, options.system)
  return {
    delivery,
    message,
    redacted: [],
    id: options.id,
    idText: uuidText(options.id),
    read,
    bodySha256,
    bytes: messageBytes(message),
    identity: identityOf(delivery, read.facts, { bodySha256, letterId: options.id }),
    hostile,
  }
}

/** What readers make of a message that was delivered so. @param trim what becomes of the facts before they are cut */
export function readMessage(
  { place, partition, position }: Pick<Delivery, 'place' | 'partition' | 'position'>,
  message: Message,
  system: string,
  trim: (read: ReadLetter) => ReadLetter = (read) => read,
): { readonly read: ReadLetter; readonly hostile: string | null } {
  return readOrEmpty(() => capped(trim(readLetter({ system, place, partition, position, message }))))
}

export const bodyHash = ({ body }: Message): Buffer => hash('sha256', body ?? nothing, 'buffer')

/** The letter without what was read from it: its bytes stay, and its reason says why. It is still to be placed. */
export function emptied(letter: PlacedLetter, why: string): PlacedLetter {
  const read = emptyRead(why)
  const bare = { ...letter, read, hostile: why, terms: [], teaches: false }
  const print = fingerprint(fingerprintInput(bare, letter.queue))
  return { ...bare, fingerprint: print, home: print.key, led: null }
}

export function fingerprintInput({ read: { facts } }: Pick<RecognisedLetter, 'read'>, queue: Queue): FingerprintInput {
  return {
    queue: queue.name,
    consumer: facts.consumer ?? null,
    errorClass: facts.errorClass ?? null,
    message: facts.message ?? null,
    stack: facts.stack ?? null,
    reason: facts.reason ?? null,
    ...(facts.tier === undefined ? {} : { tier: facts.tier }),
  }
}

/** As rules look at it. */
export function letterToPlace(letter: Pick<RecognisedLetter, 'read' | 'message'>, queue: Queue): LetterToPlace {
  const { facts } = letter.read
  return {
    queue,
    consumer: facts.consumer ?? null,
    tier: facts.tier ?? 'unknown',
    errorClass: facts.errorClass ?? null,
    message: facts.message ?? null,
    reason: facts.reason ?? null,
    stack: facts.stack ?? null,
    headers: () => letter.message.headers,
  }
}

export function termsOfLetter({ message, read: { facts } }: RecognisedLetter): readonly number[] {
  return termsOf(message.key, facts.wireId, facts.message, message.body)
}

const nothing = new Uint8Array(0)
/** Characters of each fact that are kept; the rest of the letter is in its bytes. */
const caps: Readonly<Partial<Record<keyof LetterFacts, number>>> = {
  message: 8_000,
  stack: 65_536,
  originPlace: 512,
  consumer: 512,
  errorClass: 512,
  reason: 512,
  service: 255,
  release: 255,
  host: 255,
  wireId: 255,
  traceparent: 255,
  originSystem: 255,
  originPartition: 255,
  originPosition: 255,
}

function capped(read: ReadLetter): ReadLetter {
  let facts: Record<string, unknown> | undefined
  for (const name in read.facts) {
    const value = read.facts[name as keyof LetterFacts]
    const cap = caps[name as keyof LetterFacts]
    if (cap === undefined || typeof value !== 'string' || value.length <= cap) continue
    facts ??= { ...read.facts }
    facts[name] = value.slice(0, cap)
  }
  return facts === undefined ? read : { ...read, facts: facts as LetterFacts }
}

function readOrEmpty(read: () => ReadLetter): { readonly read: ReadLetter; readonly hostile: string | null } {
  try {
    return { read: read(), hostile: null }
  } catch (error) {
    const why = `could not be read: ${error instanceof Error ? error.message : String(error)}`
    return { read: emptyRead(why), hostile: why }
  }
}

function emptyRead(why: string): ReadLetter {
  return { facts: { reason: why.slice(0, 512) }, confidence: {}, readers: [], failureHeaders: [] }
}
