import type { Found } from './patterns.ts'

/** A value in free text with the name before it: `password=hunter2`, `"token": "…"`, `<secret>…`, `Cookie: a=b`. */
export interface Assignment extends Found {
  readonly name: string
}

const isNameCode = (code: number): boolean =>
  (code >= 48 && code <= 57) || ((code | 32) >= 97 && (code | 32) <= 122) || code === 45 || code === 95 || code > 127
const maxName = 100
/** What stands between a name and its sign, or between the sign and the value: quotes, perhaps escaped, and spaces. */
const isQuote = (character: string): boolean => '"\'`\\'.includes(character)
/** Of these, and of what is no plain word, the value goes on to the end of the line. */
const isWide = /authorization|cookie|passphrase/i
const signs = /[=:>]/g
const endsLine = /[\r\n]/g
const endsPlain = /[\s,;&"'`<>()[\]{}|\\]/g

/** @param isSecret asked of each name: its values alone are looked for */
export function assignmentsIn(text: string, isSecret: (name: string) => boolean): readonly Assignment[] {
  const found: Assignment[] = []
  let done = 0
  for (const { index, 0: sign } of text.matchAll(signs)) {
    if (index < done) continue
    const name = nameBefore(text, index, done)
    if (name === null || !isSecret(name.text)) continue
    const value = valueAfter(text, index + 1, isWide.test(name.text))
    if (value === null || isPosition(text, { sign, nameAt: name.at, ...value })) continue
    found.push({ ...value, name: name.text })
    done = value.end
  }
  return found
}

function nameBefore(text: string, sign: number, least: number): { readonly at: number; readonly text: string } | null {
  let end = sign
  // `:=`, `=>`, quotes and up to three spaces.
  for (
    let left = 8;
    left > 0 && end > least && (isQuote(text.charAt(end - 1)) || ' :='.includes(text.charAt(end - 1)));
    left -= 1
  )
    end -= 1
  let at = end
  while (at > least && end - at < maxName && isNameCode(text.charCodeAt(at - 1))) at -= 1
  return at === end ? null : { at, text: text.slice(at, end) }
}

function valueAfter(text: string, from: number, isWideName: boolean): Found | null {
  let at = from
  for (let left = 8; left > 0 && at < text.length && ' \t>='.includes(text.charAt(at)); left -= 1) at += 1
  let quote = ''
  while (at < text.length && isQuote(text.charAt(at)) && quote.length < 8) quote += text.charAt(at++)
  if (at >= text.length) return null
  const end = quote === '' ? endOf(text, at, isWideName) : closingOf(text, at, quote)
  return end === at ? null : { at, end }
}

function endOf(text: string, at: number, isWideName: boolean): number {
  if (isWideName || '{[('.includes(text.charAt(at))) {
    endsLine.lastIndex = at
    return endsLine.exec(text)?.index ?? text.length
  }
  endsPlain.lastIndex = at
  return endsPlain.exec(text)?.index ?? text.length
}

/** Where the same quote comes again; to the end of the text when it was cut off. */
function closingOf(text: string, at: number, quote: string): number {
  const isEscaped = quote.startsWith('\\')
  for (let end = text.indexOf(quote, at); end >= 0; end = text.indexOf(quote, end + 1)) {
    if (isEscaped || text.charAt(end - 1) !== '\\') return end
  }
  return text.length
}

/** `token.ts:84:3` names a place in code. */
function isPosition(
  text: string,
  { sign, nameAt, at, end }: Found & { readonly sign: string; readonly nameAt: number },
): boolean {
  return sign === ':' && text.charAt(nameAt - 1) === '.' && /^\d+(?::\d+)?$/.test(text.slice(at, end))
}
