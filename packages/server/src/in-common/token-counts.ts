import { type Family, families, type LetterTokens, type Token, type What } from './token.ts'

export type Side = 'set' | 'others'

/** A token with the letters that have it, and a fingerprint of which they are. */
export interface Counted extends Token {
  readonly family: Family
  readonly set: Tally
  readonly others: Tally
}

/** `mark` is the XOR of random numbers of the letters: two tallies of the same letters have the same mark. */
export interface Tally {
  readonly letters: number
  readonly mark: string
}

interface Entry {
  readonly family: Family
  readonly token: Token
  readonly tallies: Record<Side, Mark>
  last: number
}

interface Mark {
  letters: number
  high: number
  low: number
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
  readonly #read: Readonly<Record<Family, Record<Side, Mark>>> = {
    letter: bothSides(),
    headers: bothSides(),
    properties: bothSides(),
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
    const high = this.#random() * 2 ** 32
    const low = this.#random() * 2 ** 32
    for (const family of families) {
      const tokens = letter[family]
      if (tokens === undefined) continue
      mark(this.#read[family][side], high, low)
      for (const token of tokens) {
        const entry = this.#entryOf(family, token)
        if (entry === undefined || entry.last === this.#letters) continue
        entry.last = this.#letters
        mark(entry.tallies[side], high, low)
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
      for (const { family, token, tallies } of entries.values()) {
        yield { ...token, family, set: tallyOf(tallies.set), others: tallyOf(tallies.others) }
        if (token.what === 'there') yield this.#missing(family, token.facet, tallies)
      }
    }
  }

  #missing(family: Family, facet: string, there: Readonly<Record<Side, Mark>>): Counted {
    const rest = (side: Side): Tally => {
      const [all, some] = [this.#read[family][side], there[side]]
      return tallyOf({ letters: all.letters - some.letters, high: all.high ^ some.high, low: all.low ^ some.low })
    }
    return { facet, what: 'missing', value: null, family, set: rest('set'), others: rest('others') }
  }

  #entryOf(family: Family, token: Token): Entry | undefined {
    let entries = this.#facets.get(token.facet)
    const key = keyOf(token.what, token.value)
    const known = entries?.get(key)
    if (known !== undefined || this.#tokens === this.#maxTokens) return known
    if (entries === undefined) this.#facets.set(token.facet, (entries = new Map()))
    const entry: Entry = { family, token, tallies: bothSides(), last: 0 }
    entries.set(key, entry)
    this.#tokens += 1
    return entry
  }
}

const keyOf = (what: What, value: string | null): string => `${what} ${value ?? ''}`
const empty = (): Mark => ({ letters: 0, high: 0, low: 0 })
const bothSides = (): Record<Side, Mark> => ({ set: empty(), others: empty() })
const tallyOf = ({ letters, high, low }: Mark): Tally => ({ letters, mark: `${high >>> 0}.${low >>> 0}` })

function mark(tally: Mark, high: number, low: number): void {
  tally.letters += 1
  tally.high ^= high
  tally.low ^= low
}
