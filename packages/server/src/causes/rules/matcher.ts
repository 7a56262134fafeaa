import { RedriveError, tiers } from '@redrive/worker'
import { globMatches } from './glob.ts'
import { type FieldName, fieldHelp, fieldOf, type LetterToPlace, textsOf } from './letter-to-place.ts'

/**
 * One condition of a rule, as people write it: `class=Timeout*` (all of the field, `*` stands for any text), `message~no slot` (holds it, as it
 * is written), `header:tenant` (is there). The first `=` or `~` ends the field's name.
 */
export interface Matcher {
  readonly field: FieldName
  readonly how: 'is' | 'holds' | 'there'
  /** A pattern for `is`. */
  readonly value: string
}

export const maxMatchers = 10
export const maxMatcherLength = 300
const maxStars = 10

/** @throws REQUEST_INVALID */
export function parseMatchers(texts: readonly string[]): readonly Matcher[] {
  if (texts.length > maxMatchers) throw wrong(`There are more than ${maxMatchers} conditions.`)
  return texts.map(parseMatcher)
}

/** @throws REQUEST_INVALID */
export function parseMatcher(text: string): Matcher {
  const shown = JSON.stringify(text.slice(0, 60))
  if (text.length > maxMatcherLength) throw wrong(`${shown} is longer than ${maxMatcherLength} characters.`)
  if (text.includes('\0')) throw wrong(`${shown} holds NUL, which no text here can hold.`)
  const at = text.search(/[=~]/)
  const name = at < 0 ? text : text.slice(0, at)
  const field = fieldOf(name)
  if (field === null) throw wrong(`${shown} is about no field that a rule can ask about.`)
  if (at < 0) {
    if (!field.startsWith('header:')) throw wrong(`${shown} does not say what is wanted.`)
    return { field, how: 'there', value: '' }
  }
  const value = text.slice(at + 1)
  const how = text[at] === '~' ? 'holds' : 'is'
  if (value === '') throw wrong(`${shown} does not say what is wanted.`)
  if (how === 'is' && value.split('*').length > maxStars + 1) throw wrong(`${shown} has more than ${maxStars} stars.`)
  if (field === 'tier' && !tiers.some((tier) => meets({ field, how, value }, [tier])))
    throw wrong(`${shown} is none of the tiers: ${tiers.join(', ')}.`)
  return { field, how, value }
}

/** `null` where the letter no longer holds what is asked about, and nothing else says no: nobody can tell. */
export function matches(matchers: readonly Matcher[], letter: LetterToPlace): boolean | null {
  let known = true
  for (const matcher of matchers) {
    const texts = textsOf(letter, matcher.field)
    if (texts === null) known = false
    else if (!meets(matcher, texts)) return false
  }
  return known ? true : null
}

function meets({ how, value }: Matcher, texts: readonly string[]): boolean {
  if (how === 'there') return texts.length > 0
  return texts.some((text) => (how === 'holds' ? text.includes(value) : globMatches(value, text)))
}

function wrong(message: string): RedriveError {
  return new RedriveError('REQUEST_INVALID', message, {
    hint: `Write it as class=Timeout*, message~no slot or header:tenant=acme. Fields: ${fieldHelp}.`,
  })
}
