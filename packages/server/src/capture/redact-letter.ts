import {
  type Header,
  type LetterFacts,
  type Message,
  messageBytes,
  type ReadLetter,
  stackHeader,
  wireHeader,
} from '@redrive/worker'
import { type Note, type Redactor, redactedBegin, redactionMark, unredactable } from '../masking/index.ts'
import { bodyHash, type RecognisedLetter, readMessage } from './recognise-letter.ts'

export interface RedactionContext {
  readonly redactor: Redactor
  /** Of the broker it came from. */
  readonly system: string
}

/**
 * A letter as it is kept: marks in place of what rules name, in all that is stored of it. What it is known by (its identity, its places, consumer,
 * times and its line) stays that of the delivered one. Never throws: of a letter that cannot be looked through no content is kept.
 * @returns `problem`: why it could not be looked through
 */
export function redactLetter(
  letter: RecognisedLetter,
  context: RedactionContext,
): { readonly kept: RecognisedLetter; readonly problem: string | null } {
  try {
    return { kept: redacted(letter, context), problem: null }
  } catch (error) {
    // Its message may quote what it could not read.
    return { kept: withheld(letter), problem: error instanceof Error ? error.name : 'unknown' }
  }
}

function redacted(letter: RecognisedLetter, { redactor, system }: RedactionContext): RecognisedLetter {
  const found = new Set<string>()
  const noting =
    (part: Part): Note =>
    (why) =>
      found.add(`${why} in ${part}`)
  const message = redactMessage(letter, redactor, noting)
  // Read once more: what readers find in a header, and cut, is what is left of it.
  const again = readMessage(letter.delivery, message, system, (read) => ({
    ...read,
    facts: redactFacts(read.facts, letter, { redactor, noting }),
  }))
  if (found.size === 0 && letter.hostile === null) return letter
  const facts = again.hostile === null ? again.read.facts : redactFacts({}, letter, { redactor, noting })
  const hostile = letter.hostile === null ? null : (again.hostile ?? unreadable)
  return {
    ...letter,
    message,
    read: {
      ...letter.read,
      facts: hostile === null ? facts : { ...facts, reason: redactor.text(hostile, noting('error')) },
    },
    redacted: [...found].slice(0, maxNamed),
    bodySha256: bodyHash(message),
    bytes: messageBytes(message),
    hostile: hostile === null ? null : redactor.text(hostile, noting('error')),
  }
}

const unreadable = 'could not be read'
const maxNamed = 200

/** Where something was replaced. Only `error` is not sent when a letter is replayed. */
type Part = 'body' | 'key' | 'headers' | 'properties' | 'route' | 'error'

function redactMessage(
  { delivery: { message }, read }: RecognisedLetter,
  redactor: Redactor,
  noting: (part: Part) => Note,
): Message {
  const { key, body, headers, properties } = message
  const told = new Set([...read.failureHeaders, wireHeader, stackHeader])
  return {
    ...message,
    key: key === null ? null : redactor.key(key, noting('key')),
    body: body === null ? null : redactor.body(body, noting('body')),
    headers: headers.map((header) =>
      redactHeader(header, redactor, noting(told.has(header.name) ? 'error' : 'headers')),
    ),
    ...(properties === undefined ? {} : { properties: redactor.value(properties, noting('properties')) }),
  }
}

function redactHeader(header: Header, redactor: Redactor, note: Note): Header {
  const { name, value, type } = header
  if (value === null) return header
  const kept = redactor.header(name, value, note)
  if (kept === value) return header
  // A mark alone is no JSON of the carrier.
  const isMark = Buffer.from(kept).toString('latin1').startsWith(redactedBegin)
  return { name, value: kept, ...(type === undefined || isMark ? {} : { type }) }
}

/** By what it is found, sent back and counted: names, times and numbers of the office's own concern, which rules do not speak of. */
const plain = [
  'originSystem', 'originPlace', 'originTimestampMs', 'consumer', 'attempts', 'maxAttempts', 'firstFailedAtMs', 'lastFailedAtMs', 'tier',
  'replayId', 'hops', 'bodyExact',
] as const satisfies readonly (keyof LetterFacts)[] // biome-ignore format: the names read better in lines
const isPlain: ReadonlySet<string> = new Set(plain)
const routes: ReadonlySet<string> = new Set(['originPartition', 'originPosition'])

function redactFacts(
  again: LetterFacts,
  letter: RecognisedLetter,
  { redactor, noting }: { readonly redactor: Redactor; readonly noting: (part: Part) => Note },
): LetterFacts {
  const { facts } = letter.read
  const kept: Record<string, unknown> = {}
  for (const name in again) {
    const value = again[name as keyof LetterFacts]
    if (typeof value === 'string' && !isPlain.has(name))
      kept[name] = redactor.text(value, noting(routes.has(name) ? 'route' : 'error'))
  }
  for (const name of plain) if (facts[name] !== undefined) kept[name] = facts[name]
  const { originRoute, wireId, line, reason } = facts
  if (again.originRoute !== undefined) kept['originRoute'] = redactor.value(again.originRoute, noting('route'))
  else if (originRoute !== undefined) noting('route')('its header')
  if (wireId !== undefined) kept['wireId'] = idOf(wireId, letter, (text) => redactor.text(text, noting('route')))
  if (line !== undefined) {
    const { behind } = line
    kept['line'] =
      behind !== null && redactor.text(behind, noting('error')) !== behind ? { ...line, behind: null } : line
  }
  if (reason === 'held') kept['reason'] = reason
  return kept as LetterFacts
}

/** An id in which something was found is another one, that tells nothing of it. */
function idOf(wireId: string, { idText }: RecognisedLetter, redact: (text: string) => string): string {
  return redact(wireId) === wireId ? wireId : `redacted-${idText}`
}

/** What is left of a letter when nobody can say what is in it: whose it is, when it died and how often. */
function withheld(letter: RecognisedLetter): RecognisedLetter {
  const { message } = letter.delivery
  const { facts } = letter.read
  const bytes = Buffer.from(redactionMark(unredactable))
  const kept: Record<string, unknown> = {
    reason: facts.reason === 'held' ? 'held' : `content withheld: ${unredactable}`,
  }
  for (const name of plain) if (facts[name] !== undefined) kept[name] = facts[name]
  if (facts.wireId !== undefined) kept['wireId'] = `redacted-${letter.idText}`
  if (facts.line !== undefined) kept['line'] = { ...facts.line, behind: null }
  const { properties: _, ...rest } = message
  const left: Message = {
    ...rest,
    key: message.key === null ? null : bytes,
    body: message.body === null ? null : bytes,
    headers: message.headers.map(({ name, value }) => ({ name, value: value === null ? null : bytes })),
  }
  const read: ReadLetter = { ...letter.read, facts: kept as LetterFacts }
  return {
    ...letter,
    message: left,
    read,
    redacted: ['body', 'key', 'headers', 'properties', 'error'].map((part) => `${unredactable} in ${part}`),
    bodySha256: bodyHash(left),
    bytes: messageBytes(left),
    hostile: letter.hostile === null ? null : unreadable,
  }
}
