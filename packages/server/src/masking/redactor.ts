import type { RedactionConfig } from '../config/index.ts'
import { redactionMark } from './mark.ts'
import { bytesOf, jsonOf, type Looking, textOf, utf8Of, whyOfHeader } from './masker.ts'
import { type Rules, redactionRulesFor } from './rules.ts'

/** Puts marks in place of what rules name, for good. What nothing is found in comes back as it is, the very same; `note` is told why something was replaced. */
export interface Redactor {
  /** Free text: errors, reasons. JSON in it is looked through as such. */
  text(text: string, note: Note): string
  /** A body to which rules cannot be applied is replaced whole: no text, no JSON where paths speak of it, more than 8 MiB. */
  body(bytes: Uint8Array, note: Note): Uint8Array
  key(bytes: Uint8Array, note: Note): Uint8Array
  header(name: string, value: Uint8Array, note: Note): Uint8Array
  /** A JSON value, already read. */
  value<T>(value: T, note: Note): T
}

export type Note = (why: string) => void

/** Finds what redacts letters of a queue, by all names that it may be meant by; `null`: no rule speaks of it. */
export function redactorsOf(config: RedactionConfig): (names: readonly string[]) => Redactor | null {
  const find = redactionRulesFor(config)
  const made = new WeakMap<Rules, Redactor>()
  return (names) => {
    const rules = find(names)
    if (rules === null) return null
    const known = made.get(rules) ?? redactorOf(rules)
    made.set(rules, known)
    return known
  }
}

function redactorOf(rules: Rules): Redactor {
  const looksInside = rules.paths.length > 0 || rules.patterns.length > 0

  function noted<T>(given: T, note: Note, redact: (looking: Looking) => T): T {
    const whys = new Set<string>()
    const result = redact({
      audience: 'nobody',
      marked(why) {
        whys.add(why)
        return redactionMark(why)
      },
    })
    if (result !== given) for (const why of whys) note(why)
    return result
  }

  const bytes = (given: Uint8Array, part: 'body' | 'key' | 'header', note: Note): Uint8Array =>
    noted(given, note, (looking) => {
      const buffer = Buffer.from(given.buffer, given.byteOffset, given.byteLength)
      const seen =
        part !== 'body' && isFew(buffer) && !(part === 'key' && rules.parts.has('key'))
          ? fewOf(buffer, looking)
          : bytesOf(buffer, { queue: null, part }, rules, looking)
      return seen === buffer ? given : seen
    })

  /** Numbers and ids that keys and headers have as bytes: they are too short to hold anything encoded that could not be seen. */
  function fewOf(buffer: Buffer, looking: Looking): Buffer {
    const text = buffer.toString('latin1')
    const shown = textOf(text, rules, looking)
    return shown === text ? buffer : Buffer.from(shown)
  }

  return {
    text: (text, note) => noted(text, note, (looking) => textOf(text, rules, looking)),
    body(given, note) {
      if (given.length === 0 || !(looksInside || rules.parts.has('body'))) return given
      return bytes(given, 'body', note)
    },
    key(given, note) {
      if (given.length === 0 || !(looksInside || rules.parts.has('key'))) return given
      return bytes(given, 'key', note)
    },
    header(name, value, note) {
      const why = whyOfHeader(name, rules)
      if (why !== null) return noted(value, note, ({ marked }) => Buffer.from(marked(why, '')) as Uint8Array)
      const isBlind = utf8Of(Buffer.from(value), false) === null && !looksInside
      return value.length === 0 || isBlind ? value : bytes(value, 'header', note)
    },
    value: (value, note) =>
      noted(value, note, (looking) => {
        const json = JSON.stringify(value)
        const redacted = jsonOf(json, rules, looking, {})
        if (redacted === null) throw new TypeError('what JSON was made of cannot be read')
        return redacted === json ? value : (JSON.parse(redacted) as typeof value)
      }),
  }
}

const fewBytes = 16
const isFew = (buffer: Buffer): boolean => buffer.length <= fewBytes && utf8Of(buffer, false) === null
