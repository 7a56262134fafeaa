/**
 * One thing that can be said of a letter and counted: `release` `is` `1.4.1`, `body:/coupon` is `there`. Names and values are text of
 * letters: hostile, cut, not escaped yet.
 */
export interface Token {
  readonly facet: string
  readonly what: What
  readonly value: string | null
}

/** From the most specific to the most general; `missing` is concluded from letters in which the facet is not `there`. */
export const whats = ['is', 'starts', 'range', 'kind', 'there', 'missing'] as const
export type What = (typeof whats)[number]

/** Parts of a letter that are read wholly or, where one is too large, not at all: then it counts nowhere as missing. */
export const families = ['letter', 'headers', 'properties', 'body kind', 'body'] as const
export type Family = (typeof families)[number]

/** What one letter says, by part; a part that could not be read is not there. */
export type LetterTokens = Readonly<Partial<Record<Family, readonly Token[]>>>

const maxNameLength = 120
const maxValueLength = 100

/** Longer names are ids more often than names, and cutting them would make two of them one. */
export const isName = (name: string): boolean => name.length <= maxNameLength

/** A value as it is, or, when it is long, as what it starts with. */
export function valueToken(facet: string, text: string): Token {
  return text.length <= maxValueLength
    ? { facet, what: 'is', value: text }
    : { facet, what: 'starts', value: text.slice(0, maxValueLength - 20).toWellFormed() }
}

/** Which power of ten a number is in: numbers that are all different may still be of one size. */
export function rangeToken(facet: string, number: number): Token {
  const size = Math.abs(number)
  const sign = number < 0 ? '-' : ''
  // Not by logarithm: that of 1000 is 2.9999999999999996.
  const power = size < 1 ? 0 : Math.floor(Number(size.toExponential(15).split('e')[1]))
  const value =
    size === 0 ? '0' : size < 1 ? `${sign}0 to ${sign}1` : `${sign}${decade(power)} to ${sign}${decade(power + 1)}`
  return { facet, what: 'range', value }
}

const decade = (power: number): string => (power < 7 ? String(10 ** power) : `1e${power}`)
