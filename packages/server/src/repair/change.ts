import { RedriveError } from '@redrive/worker'
import { checkJson } from './json/check-json.ts'
import { type Operation, parsePatch } from './json/patch.ts'
import { Refusal } from './json/refusal.ts'

/** Bytes as a request gives them: as text, in base64, or null. */
export type GivenBytes = { readonly text: string } | { readonly base64: string } | null

export interface GivenHeaderEdit {
  /** `set`: where the first of this name stands, and no other of the name stays; behind the others when there is none. `add`: behind the others, beside those of the name. `remove`: all of the name. */
  readonly op: 'set' | 'add' | 'remove'
  readonly name: string
  /** `json`: a value of the carrier that is neither text nor bytes, in the form that its adapter documents. */
  readonly value?: GivenBytes | { readonly json: string }
}

/** What is to be changed, as a request gives it. A patch is text, so that its numbers arrive as they are written. */
export interface GivenChange {
  readonly patch?: string
  /** Takes the place of the whole body; null for none. */
  readonly body?: GivenBytes
  readonly key?: GivenBytes
  readonly headers?: readonly GivenHeaderEdit[]
}

export interface HeaderEdit {
  readonly op: 'set' | 'add' | 'remove'
  readonly name: string
  readonly value: Buffer | null
  readonly isJson: boolean
}

export interface Change {
  readonly operations: readonly Operation[] | null
  /** `undefined`: stays. */
  readonly body: Buffer | null | undefined
  readonly key: Buffer | null | undefined
  readonly headers: readonly HeaderEdit[]
  /** For the version: what was done, without the bytes. */
  readonly described: EditDescription
}

export interface EditDescription {
  readonly kinds: readonly ('patch' | 'upload' | 'headers' | 'key')[]
  readonly patch?: string
  readonly bodyBytes?: number | null
  readonly headers?: readonly { readonly op: string; readonly name: string }[]
}

/** @throws REQUEST_INVALID: it changes nothing, says two things about the body, or holds what cannot be read */
export function readChange(given: GivenChange): Change {
  const { patch, body, key, headers = [] } = given
  if (patch !== undefined && body !== undefined)
    throw invalid('A body is either patched or replaced, not both.', 'Make two edits of it.')
  const operations = patch === undefined ? null : parsePatch(patch)
  const read = {
    operations,
    body: body === undefined ? undefined : bytesOf(body, 'body'),
    key: key === undefined ? undefined : bytesOf(key, 'key'),
    headers: headers.map(readHeader),
  }
  const kinds: EditDescription['kinds'] = [
    ...(patch === undefined ? [] : (['patch'] as const)),
    ...(body === undefined ? [] : (['upload'] as const)),
    ...(headers.length === 0 ? [] : (['headers'] as const)),
    ...(key === undefined ? [] : (['key'] as const)),
  ]
  if (kinds.length === 0)
    throw invalid('The edit says nothing about what to change.', 'Give a patch, a body, a key or headers.')
  const described = {
    kinds,
    ...(patch === undefined ? {} : { patch }),
    ...(read.body === undefined ? {} : { bodyBytes: read.body?.length ?? null }),
    ...(headers.length === 0 ? {} : { headers: headers.map(({ op, name }) => ({ op, name })) }),
  }
  return { ...read, described }
}

function readHeader({ op, name, value }: GivenHeaderEdit): HeaderEdit {
  if (name === '' || !name.isWellFormed() || name.includes('\0')) throw invalid('The name of a header cannot be used.')
  if (op === 'remove') {
    if (value !== undefined) throw invalid('A header that is removed needs no value.')
    return { op, name, value: null, isJson: false }
  }
  if (value === undefined) throw invalid('A header that is set or added needs a value.', 'Give a text, base64 or null.')
  if (value !== null && 'json' in value) return { op, name, value: jsonOf(value.json), isJson: true }
  return { op, name, value: bytesOf(value, 'header'), isJson: false }
}

function bytesOf(given: GivenBytes, what: string): Buffer | null {
  if (given === null) return null
  if ('text' in given) {
    if (!given.text.isWellFormed()) throw invalid(`The text of the ${what} holds half a character.`)
    return Buffer.from(given.text, 'utf8')
  }
  const bytes = Buffer.from(given.base64, 'base64')
  // Node reads around what is no base64; here it is told.
  if (bytes.toString('base64') !== given.base64) throw invalid(`The ${what} is not in base64 (RFC 4648, with padding).`)
  return bytes
}

function jsonOf(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8')
  try {
    checkJson(bytes)
    return bytes
  } catch (error) {
    throw error instanceof Refusal ? invalid(`The value of a header is no JSON: ${error.message}.`) : error
  }
}

const invalid = (message: string, hint?: string): RedriveError =>
  new RedriveError('REQUEST_INVALID', message, hint === undefined ? {} : { hint })
