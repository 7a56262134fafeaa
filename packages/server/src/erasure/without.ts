export const erasedWord = '(erased)'

export interface TakenOut {
  /** The longest first: one may hold another. */
  readonly texts: readonly string[]
  /** Of `ownWordsOf`. */
  readonly ownWords: ReadonlySet<string>
}

/** The text with each of these replaced where it stands by itself: not within a longer word or number. */
export function without(text: string, texts: readonly string[]): string {
  let result = text
  for (const said of texts) {
    let from = 0
    for (;;) {
      const at = result.indexOf(said, from)
      if (at < 0) break
      if (isPart(result, at - 1, at) || isPart(result, at + said.length, at + said.length - 1)) {
        from = at + 1
        continue
      }
      result = result.slice(0, at) + erasedWord + result.slice(at + said.length)
      from = at + erasedWord.length
    }
  }
  return result
}

/** Whether the character outside goes on with the word that ends inside. */
function isPart(text: string, outside: number, inside: number): boolean {
  const word = /[\p{L}\p{N}]/u
  return word.test(text.charAt(outside)) && word.test(text.charAt(inside))
}

/**
 * The same in every text of a JSON value. Names of its fields are the office's, and stay; so do values that it reads again: its own words, ids, times,
 * addresses of its own pages.
 */
export function withoutDeep(value: unknown, taken: TakenOut): unknown {
  if (typeof value === 'string') return withoutIn(value, taken)
  if (Array.isArray(value)) return value.map((each) => withoutDeep(each, taken))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => {
      if (readAgain.has(name)) return [name, each]
      // Names of fields and states are what makes a query one.
      if (name === 'query') return [name, withoutDeep(each, { ...taken, texts: personal(taken) })]
      return [name, withoutDeep(each, taken)]
    }),
  )
}

/** The same in JSON as it is written, whose numbers and spaces stay as they are. */
export function withoutInJson(json: string, taken: TakenOut): string {
  return json.replaceAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g, (token, colon: string | undefined) => {
    if (colon !== undefined) return token
    const said: string = JSON.parse(token)
    const bare = withoutIn(said, taken)
    return bare === said ? token : JSON.stringify(bare)
  })
}

/** Texts that are more than a word of the office's own. */
export function personal({ texts, ownWords }: TakenOut): readonly string[] {
  return texts.filter((said) => !ownWords.has(said))
}

const readAgain: ReadonlySet<string> = new Set(['links', 'zone', 'zoneNow', 'week'])
const idOrTime = /^(?:[a-z]_(?:[0-9a-z]{13}|[0-9a-z]{26})|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z)$/

function withoutIn(text: string, { texts, ownWords }: TakenOut): string {
  if (ownWords.has(text) || (idOrTime.test(text) && !texts.includes(text))) return text
  return without(text, texts)
}
