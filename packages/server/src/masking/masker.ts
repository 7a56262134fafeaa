import { isUtf8 } from 'node:buffer'
import { isSecretName, type MaskingConfig } from '../config/index.ts'
import { assignmentsIn } from './assignments.ts'
import { maskJson } from './json.ts'
import { endOfMark, mark, tooLarge } from './mark.ts'
import { type Found, patterns } from './patterns.ts'
import { type Place, placeBelow, rootPlace, secretName } from './place.ts'
import { type Audience, type Rules, rulesFor } from './rules.ts'

/** Where bytes or text stand. */
export interface Of {
  /** Of the letter; `null`: not known, so all rules hold. */
  readonly queue: string | null
  readonly part: 'body' | 'key' | 'header'
  /** There is more of it. @default false */
  readonly isCut?: boolean
}

/** Puts marks in place of what one audience is not shown. What nothing is masked in comes back as it is, the very same. */
export interface Masker {
  readonly audience: Audience
  /** Free text: errors, titles, reasons. JSON in it is looked through as such. */
  text(text: string, queue: string | null): string
  /** Bytes of a letter. What rules cannot be applied to is withheld whole. */
  bytes(bytes: Buffer, of: Of): Buffer
  header(name: string, value: Buffer, queue: string | null): Buffer
  /** A JSON value of a letter, already read. */
  value(value: unknown, queue: string | null): unknown
  /** What a value by its name is shown as: a header, a member of properties or of the body by its JSON pointer, the key. */
  named(facet: string, value: string, queue: string | null): string
}

/** @param options.isNumbered different values get different marks, the same the same: for comparisons */
export function maskerOf(
  config: MaskingConfig,
  audience: Audience,
  options: { readonly isNumbered?: boolean } = {},
): Masker | null {
  const find = rulesFor(config, audience)
  if (find === null) return null
  const numbers = new Map<string, number>()
  const marked = (why: string, value: string): string => {
    if (!options.isNumbered) return mark(why)
    const number = numbers.get(value) ?? numbers.size + 1
    numbers.set(value, number)
    return mark(`${why} #${number}`)
  }
  const looking: Looking = { audience, marked }
  return {
    audience,
    text: (text, queue) => textOf(text, find(queue), looking),
    bytes: (bytes, of) => bytesOf(bytes, of, find(of.queue), looking),
    header(name, value, queue) {
      const rules = find(queue)
      const why = whyOfHeader(name, rules)
      if (why !== null) return Buffer.from(marked(why, value.toString('base64')))
      return bytesOf(value, { queue, part: 'header' }, rules, looking)
    },
    value(value, queue) {
      if (value === null || value === undefined) return value
      const json = JSON.stringify(value)
      const masked = jsonOf(json, find(queue), looking, {})
      return masked === null || masked === json ? value : (JSON.parse(masked) as unknown)
    },
    named: (facet, value, queue) => namedOf(facet, value, find(queue), looking),
  }
}

export interface Looking {
  readonly audience: Audience
  readonly marked: (why: string, value: string) => string
}

const maxWithin = 4

export function textOf(text: string, rules: Rules, looking: Looking, within = 0): string {
  if (isJsonLike(text) && within < maxWithin) {
    const masked = jsonOf(text, rules, looking, { within: within + 1 })
    if (masked !== null) return masked
  }
  const found = [
    ...rules.patterns.flatMap((name) => patterns[name](text).map((each) => ({ ...each, why: name as string }))),
    ...assignmentsIn(text, (name) => whyOfName(name, rules) !== null).map(({ at, end, name }) => ({
      at,
      end,
      why: whyOfName(name, rules) ?? secretName,
    })),
  ].flatMap((each) => withoutMark(text, each, rules))
  if (found.length === 0) return text
  const shown: string[] = []
  let done = 0
  for (const { at, end, why } of found.toSorted((a, b) => a.at - b.at || b.end - a.end)) {
    if (end <= done) continue
    // What begins within the one before is hidden with it.
    if (at >= done) shown.push(text.slice(done, at), looking.marked(why, text.slice(at, end)))
    done = end
  }
  shown.push(text.slice(done))
  return shown.join('')
}

/** What is masked already stays so; what stands behind the mark does not go with it. */
function withoutMark<T extends Found>(text: string, found: T, { whys }: Rules): readonly T[] {
  const end = endOfMark(text, found.at, whys)
  if (end < 0) return [found]
  return end >= found.end ? [] : [{ ...found, at: end }]
}

const isJsonLike = (text: string): boolean => /^\ufeff?[ \t\r\n]{0,100}[[{]/.test(text)

export function jsonOf(
  json: string,
  rules: Rules,
  looking: Looking,
  { within = 0, isCut = false }: { readonly within?: number; readonly isCut?: boolean },
): string | null {
  const masked = maskJson<Place>(
    json,
    {
      root: rootPlace(rules),
      below: (place, name) => placeBelow(rules, place, name),
      whole: ({ why, isByName }, kind) => (isByName && kind === 'other' ? null : why),
      mark: (why, value) =>
        endOfMark(value, 1, rules.whys) === value.length - 1 ? value.slice(1, -1) : looking.marked(why, value),
      text(text) {
        const shown = textOf(text, rules, looking, within)
        return shown === text ? null : shown
      },
    },
    isCut,
  )
  return masked === null ? null : masked.text
}

/** An office answers nobody else while it looks: a MiB takes 0.15 s. */
const mostLooked = 8 * 1024 * 1024

export function bytesOf(bytes: Buffer, { part, isCut = false }: Of, rules: Rules, looking: Looking): Buffer {
  const withheld = (why: string): Buffer => Buffer.from(looking.marked(why, bytes.toString('base64')))
  if (bytes.length > mostLooked) return withheld(tooLarge)
  const text = utf8Of(bytes, isCut)
  if (part !== 'header' && rules.parts.has(part)) return withheld(part)
  if (text === null) return bytesUnread(bytes, part, rules, looking) ? withheld('bytes that are no text') : bytes
  if (endOfMark(text, 0, rules.whys) === text.length) return bytes
  const json = jsonOf(text, rules, looking, { isCut })
  if (json !== null) return json === text ? bytes : Buffer.from(json)
  if (part === 'body' && rules.paths.length > 0 && text.trim() !== '') return withheld('it is no JSON, as rules expect')
  const shown = textOf(text, rules, looking)
  return shown === text ? bytes : Buffer.from(shown)
}

/** Of bytes that cannot be looked into, people who may ask for them are shown those in which nothing is found. */
function bytesUnread(bytes: Buffer, part: Of['part'], rules: Rules, looking: Looking): boolean {
  if (looking.audience !== 'operator' || (part === 'body' && rules.paths.length > 0)) return true
  const text = bytes.toString('latin1')
  const plain = text.replaceAll('\0', '')
  return textOf(text, rules, looking) !== text || textOf(plain, rules, looking) !== plain
}

export function utf8Of(bytes: Buffer, isCut: boolean): string | null {
  // The cut may go through a character.
  for (let left = 0; left <= (isCut ? 3 : 0); left += 1) {
    const whole = bytes.subarray(0, Math.max(0, bytes.length - left))
    if (isUtf8(whole)) return whole.includes(0) ? null : whole.toString('utf8')
  }
  return null
}

export function whyOfHeader(name: string, rules: Rules): string | null {
  const rule = rules.headers.find(({ matches }) => matches(name))
  return rule?.why ?? (rules.secretNames && isSecretName(name) ? secretName : null)
}

function whyOfName(name: string, rules: Rules): string | null {
  const rule = rules.names.find(({ matches }) => matches(name))
  return rule?.why ?? (rules.secretNames && isSecretName(name) ? secretName : null)
}

function namedOf(facet: string, value: string, rules: Rules, looking: Looking): string {
  if (facet.startsWith('header:')) {
    const why = whyOfHeader(facet.slice('header:'.length), rules)
    if (why !== null) return looking.marked(why, value)
  }
  if (facet === 'key' && rules.parts.has('key')) return looking.marked('key', value)
  const [, kind, pointer] = /^(body|property):(.*)$/s.exec(facet) ?? []
  if (pointer !== undefined) {
    if (kind === 'body' && rules.parts.has('body')) return looking.marked('body', value)
    const names = pointer
      .split('/')
      .slice(1)
      .map((name) =>
        name
          .replace(/(?:\[\])+$/, '')
          .replaceAll('~1', '/')
          .replaceAll('~0', '~'),
      )
    let place = rootPlace(rules)
    let why = place.why
    for (const name of names) {
      place = placeBelow(rules, place, name)
      why ??= place.why
    }
    if (why !== null) return looking.marked(why, value)
  }
  return textOf(value, rules, looking)
}
