import type { PatternName } from '../config/index.ts'

/** From `at` to before `end`, in UTF-16 units. */
export interface Found {
  readonly at: number
  readonly end: number
}

/** All that look like one, in order, none within another. Each goes through a text once: a text is anybody's, and may be long. */
export const patterns: Readonly<Record<PatternName, (text: string) => readonly Found[]>> = {
  email: emails,
  'card-number': cardNumbers,
  iban: ibans,
  jwt: (text) => all(jwt, text, 'eyJ'),
  'secret-key': (text) => (text.length < leastKey ? [] : all(secretKey, text)),
  'private-key': privateKeys,
}

function all(pattern: RegExp, text: string, sign?: string): readonly Found[] {
  if (sign !== undefined && !text.includes(sign)) return []
  return Array.from(text.matchAll(pattern), ({ index, 0: { length } }) => ({ at: index, end: index + length }))
}

/** Base64 of `{"`; what is cut at the end of the text counts as well. @see https://www.rfc-editor.org/rfc/rfc7519#section-3 */
const jwt = /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_.-]*|(?=…?\s{0,3}$))/g

/** Most texts are short members of JSON, and are not looked through. */
const leastKey = 10

/** Each begins with letters of its own and goes on with a bounded run: linear. */
const secretKey = new RegExp(
  [
    String.raw`(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{12,124}`,
    String.raw`(?<![A-Za-z0-9])gh[opusr]_[A-Za-z0-9]{8,255}`,
    String.raw`(?<![A-Za-z0-9])github_pat_[A-Za-z0-9_]{8,255}`,
    String.raw`(?<![A-Za-z0-9])glpat-[A-Za-z0-9_-]{8,255}`,
    String.raw`(?<![A-Za-z0-9])[sr]k_(?:live|test)_[A-Za-z0-9]{8,255}`,
    String.raw`(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{16,255}`,
    String.raw`(?<![A-Za-z0-9])xox[a-z]-[A-Za-z0-9-]{8,255}`,
    String.raw`(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{20,255}`,
    String.raw`(?<![A-Za-z0-9])npm_[A-Za-z0-9]{20,255}`,
    String.raw`(?<![A-Za-z0-9])SG\.[A-Za-z0-9_-]{16,255}\.[A-Za-z0-9_-]{0,255}`,
    String.raw`(?<![A-Za-z0-9])rd_[A-Za-z0-9_-]{40,60}`,
    String.raw`hooks\.slack\.com/services/[A-Za-z0-9/]{8,255}`,
    String.raw`(?<![A-Za-z0-9])(?:Bearer|Basic)[ \t]{1,3}[A-Za-z0-9._~+/=-]{8,4096}`,
    // A name and a password in an address.
    String.raw`(?<=://)[^\s/@:"']{0,100}:[^\s/@"']{1,200}(?=@)`,
  ].join('|'),
  'g',
)

const isDigit = (code: number): boolean => code >= 48 && code <= 57
const isLetter = (code: number): boolean => (code | 32) >= 97 && (code | 32) <= 122
const isWordAt = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at)
  return isDigit(code) || isLetter(code)
}

const maxLocal = 64
const maxDomain = 255
const isLocal = (code: number): boolean =>
  isDigit(code) || isLetter(code) || code > 127 || ".!#$%&'*+/=?^_`{|}~-".includes(String.fromCharCode(code))
const isDomain = (code: number): boolean => isDigit(code) || isLetter(code) || code > 127 || code === 45 || code === 46

/** Also with the sign written as in addresses of the web, and where the end is cut off. @see https://www.rfc-editor.org/rfc/rfc5321#section-4.1.2 */
function emails(text: string): readonly Found[] {
  const found: Found[] = []
  let done = 0
  for (const { index, 0: sign } of text.matchAll(/@|%40/g)) {
    if (index < done) continue
    let at = index
    while (at > done && index - at < maxLocal && isLocal(text.charCodeAt(at - 1))) at -= 1
    const start = index + sign.length
    let end = start
    while (end < text.length && end - start < maxDomain && isDomain(text.charCodeAt(end))) end += 1
    // The dot, or what stands for the rest, may be the end of a sentence.
    const rest = text.slice(end, end + 2).trim()
    const isCut = rest === '' || rest.startsWith('…') || text.charAt(end - 1) === '…'
    while (end > start && (text.charAt(end - 1) === '.' || text.charAt(end - 1) === '-')) end -= 1
    if (at === index || end === start) continue
    if (!text.slice(start, end).includes('.') && !(isCut && end >= text.trimEnd().length - 1)) continue
    found.push({ at, end })
    done = end
  }
  return found
}

const leastCard = 13
const mostCard = 19

/** Digits, in groups or not, whose check digit is right. @see https://www.iso.org/standard/70484.html (ISO/IEC 7812-1, Luhn) */
function cardNumbers(text: string): readonly Found[] {
  if (text.length < leastCard) return []
  const found: Found[] = []
  const groups = Array.from(text.matchAll(/\d+/g), ({ index, 0: digits }) => ({
    at: index,
    end: index + digits.length,
    digits,
  }))
  for (let from = 0; from < groups.length; from += 1) {
    let digits = ''
    for (let to = from; to < groups.length; to += 1) {
      const group = groups[to]
      const before = groups[to - 1]
      if (group === undefined || (to > from && before !== undefined && !isGap(text, before.end, group.at))) break
      if (digits.length + group.digits.length > mostCard) break
      digits += group.digits
      const first = groups[from]
      if (digits.length < leastCard || first === undefined || !isLuhn(digits) || isInHash(text, first.at)) continue
      found.push({ at: first.at, end: group.end })
      from = to
      break
    }
  }
  return found
}

const leastHash = 32

/** Digits within a long hexadecimal number are part of a hash. */
function isInHash(text: string, digit: number): boolean {
  let at = digit
  while (at > 0 && digit - at < leastHash && isWordAt(text, at - 1)) at -= 1
  const word = /^[A-Za-z0-9]*/.exec(text.slice(at, at + 2 * leastHash))?.[0] ?? ''
  return word.length >= leastHash && /^[0-9a-fA-F]+$/.test(word) && /[a-fA-F]/.test(word)
}

const isGap = (text: string, from: number, to: number): boolean => to - from === 1 && ' -'.includes(text.charAt(from))

function isLuhn(digits: string): boolean {
  // As the numbers of cards begin; times in milliseconds begin with 1.
  if (!/^[2-6]/.test(digits)) return false
  let sum = 0
  for (let index = 0; index < digits.length; index += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 48
    const doubled = index % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

/** How long the IBANs of a country are. @see https://www.swift.com/standards/data-standards/iban-international-bank-account-number */
const ibanLengths: Readonly<Record<string, number>> = Object.fromEntries(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 ' +
    'GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 ' +
    'PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((each) => [each.slice(0, 2), Number(each.slice(2))]),
)

/** In one piece or in groups, with the check digits right. @see https://www.iso.org/standard/81090.html (ISO 13616-1) */
function ibans(text: string): readonly Found[] {
  const found: Found[] = []
  let done = 0
  for (const { index } of text.matchAll(/[A-Za-z]{2}\d{2}/g)) {
    const length = ibanLengths[text.slice(index, index + 2).toUpperCase()]
    if (index < done || length === undefined || (index > 0 && isWordAt(text, index - 1))) continue
    let plain = ''
    let end = index
    while (plain.length < length && end < text.length) {
      if (isWordAt(text, end)) plain += text.charAt(end)
      else if (!' -'.includes(text.charAt(end)) || !isWordAt(text, end + 1)) break
      end += 1
    }
    if (plain.length !== length || isWordAt(text, end) || !isChecked(plain.toUpperCase())) continue
    found.push({ at: index, end })
    done = end
  }
  return found
}

function isChecked(iban: string): boolean {
  let rest = 0
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(character, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}

/** To its end, or to the end of the text where it has none. @see https://www.rfc-editor.org/rfc/rfc7468 */
function privateKeys(text: string): readonly Found[] {
  const found: Found[] = []
  for (let at = text.indexOf('-----BEGIN '); at >= 0; ) {
    const label = /^-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY/.test(text.slice(at, at + 70))
    const closing = label ? text.indexOf('PRIVATE KEY', text.indexOf('-----END ', at + 11)) : -1
    const hasEnd = label && text.includes('-----END ', at + 11) && closing >= 0
    const end = hasEnd ? Math.min(text.length, closing + 'PRIVATE KEY-----'.length) : text.length
    if (label) found.push({ at, end })
    at = text.indexOf('-----BEGIN ', label ? end : at + 11)
  }
  return found
}
