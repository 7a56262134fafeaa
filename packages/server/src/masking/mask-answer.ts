import { maskEdit } from './mask-edit.ts'
import type { Masker } from './masker.ts'

/** Of what the office itself answers: names of queues and places are how people speak of them, and are not letters' own. */
const shownNames = new Set(['queue', 'queues', 'place', 'places', 'broker'])
/** What letters and people put in as they like: members are masked by their names there. */
const foreign = new Set(['properties', 'route', 'details', 'selection', 'data'])
const hash = /(?<![0-9a-zA-Z])[0-9a-f]{64}(?![0-9a-zA-Z])/g

/** Views of bytes that were masked by their place, for whom they are given to: a large body is not looked through again. */
const masked = new WeakSet<object>()
export function noteMasked<T extends object>(view: T): T {
  masked.add(view)
  return view
}

/**
 * Goes through a whole answer, whatever it is, so that no route can forget it. The queue of what is nearest counts; where none is named, all rules do.
 * Viewers see no hashes either: that of a short secret can be guessed.
 */
export function maskAnswer<T>(masker: Masker, answer: T): T {
  const shown = (text: string, queue: string | null): string => {
    const seen = masker.text(text, queue)
    return masker.audience === 'viewer' ? seen.replaceAll(hash, '[masked: hash]') : seen
  }
  const walk = (value: unknown, queue: string | null): unknown => {
    if (typeof value === 'string') return shown(value, queue)
    if (Array.isArray(value)) return value.map((each) => walk(each, queue))
    if (typeof value !== 'object' || value === null || value instanceof Date) return value
    const record = value as Readonly<Record<string, unknown>>
    const own = typeof record['queue'] === 'string' ? record['queue'] : queue
    if (masked.has(record)) return record
    if (isBytes(record)) return bytesView(record, own)
    return Object.fromEntries(
      Object.entries(record).map(([name, member]) => [
        masker.text(name, own),
        isShown(name, member) ? member : walk(insideOf(name, member, own), own),
      ]),
    )
  }
  const bytesView = (
    { base64, text }: { readonly base64: string; readonly text: string | null },
    queue: string | null,
  ): unknown => {
    const bytes = Buffer.from(base64, 'base64')
    // Its own rules were applied where it was read; these are what holds everywhere.
    const seen = masker.bytes(bytes, { queue, part: 'header' })
    return seen === bytes ? { base64, text } : { base64: seen.toString('base64'), text: seen.toString('utf8') }
  }
  const insideOf = (name: string, member: unknown, queue: string | null): unknown => {
    if (foreign.has(name)) return masker.value(member, queue)
    return name === 'edit' || name === 'change' ? maskEdit(masker, member, queue) : member
  }
  return walk(answer, null) as T
}

function isShown(name: string, member: unknown): boolean {
  if (!shownNames.has(name)) return false
  return typeof member === 'string' || (Array.isArray(member) && member.every((each) => typeof each === 'string'))
}

function isBytes(
  record: Readonly<Record<string, unknown>>,
): record is { readonly base64: string; readonly text: string | null } {
  return typeof record['base64'] === 'string' && 'text' in record && Object.keys(record).length === 2
}
