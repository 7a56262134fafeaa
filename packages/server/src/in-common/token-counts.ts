import { type Family, families, type LetterTokens, type Token, type What } from './token.ts'

export type Side = 'set' | 'others'

/** A token with the letters that have it. */
export interface Counted {
  readonly token: Token
  readonly family: Family
  readonly set: Tally
  readonly others: Tally
}

/** `high` and `low` are the XOR of random numbers of the letters: tallies of the same letters have the same ones. */
export interface Tally {
  readonly letters: number
  readonly high: number
  readonly low: number
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

interface Entry extends Counted {
  readonly set: Mutable<Tally>
  readonly others: Mutable<Tally>
  last: number
}

export interface TokenCountsOptions {
  /** Tokens seen for the first time beyond so many are not counted; those that are counted are counted from their first letter on. @default 150,000 */
  readonly maxTokens?: number
  /** 0 to below 1. @default Math.random */
  readonly random?: () => number
}

/** Counts in how many letters each token is, in bounded memory whatever the letters say. */
export class TokenCounts {
  readonly #facets: Map<string, Map<string, Entry>> = new Map()
  readonly #read: Readonly<Record<Family, Record<Side, Mutable<Tally>>>> = {
    letter: bothSides(),
    headers: bothSides(),
    properties: bothSides(),
    'body kind': bothSides(),
    body: bothSides(),
  }
  readonly #maxTokens: number
  readonly #random: () => number
  #tokens = 0
  #letters = 0

  constructor({ maxTokens = 150_000, random = Math.random }: TokenCountsOptions = {}) {
    this.#maxTokens = maxTokens
    this.#random = random
  }

  add(side: Side, letter: LetterTokens): void {
    this.#letters += 1
    const high = Math.floor(this.#random() * 2 ** 30)
    const low = Math.floor(this.#random() * 2 ** 30)
    for (const family of families) {
      const tokens = letter[family]
      if (tokens === undefined) continue
      mark(this.#read[family][side], high, low)
      for (const token of tokens) {
        const entry = this.#entryOf(family, token)
        if (entry === undefined || entry.last === this.#letters) continue
        entry.last = this.#letters
        mark(entry[side], high, low)
      }
    }
  }

  /** Letters of which the part was read. */
  read(family: Family): Readonly<Record<Side, number>> {
    const { set, others } = this.#read[family]
    return { set: set.letters, others: others.letters }
  }

  /** Every token, and for each facet that is `there` in some letters, that it is `missing` in the rest. */
  *counted(): Generator<Counted> {
    for (const entries of this.#facets.values()) {
      for (const entry of entries.values()) {
        yield entry
        if (entry.token.what === 'there') yield this.#missing(entry)
      }
    }
  }

  #missing({ token, family, set, others }: Counted): Counted {
    const read = this.#read[family]
    return {
      token: { facet: token.facet, what: 'missing', value: null },
      family,
      set: rest(read.set, set),
      others: rest(read.others, others),
    }
  }

  #entryOf(family: Family, token: Token): Entry | undefined {
    let entries = this.#facets.get(token.facet)
    const key = keyOf(token)
    const known = entries?.get(key)
    if (known !== undefined || this.#tokens === this.#maxTokens) return known
    if (entries === undefined) this.#facets.set(token.facet, (entries = new Map()))
    const entry: Entry = { token, family, ...bothSides(), last: 0 }
    entries.set(key, entry)
    this.#tokens += 1
    return entry
  }
}

const initials: Readonly<Record<What, string>> = {
  is: '=',
  starts: '^',
  range: '~',
  kind: 'k',
  there: 't',
  missing: 'm',
}
const keyOf = ({ what, value }: Token): string => (value === null ? what : initials[what] + value)
const bothSides = (): Record<Side, Mutable<Tally>> => ({
  set: { letters: 0, high: 0, low: 0 },
  others: { letters: 0, high: 0, low: 0 },
})

const rest = (all: Tally, some: Tally): Tally => ({
  letters: all.letters - some.letters,
  high: all.high ^ some.high,
  low: all.low ^ some.low,
})

function mark(tally: Mutable<Tally>, high: number, low: number): void {
  tally.letters += 1
  tally.high ^= high
  tally.low ^= low
}
