/** What becomes of a value in JSON text: what is put in its place, or `null` to look further into it. */
export interface JsonMasks<Place> {
  readonly root: Place
  /** Of a member of an object, by its name; elements of arrays are where their array is. */
  below(place: Place, name: string): Place
  /** Asked before a value is read: why nothing of it is shown, or `null`. */
  whole(place: Place, kind: JsonKind): string | null
  /** What is put in place of such a value, which is given as it is written. */
  mark(why: string, value: string): string
  /** Of a string or a number, by what it says; `null`: it stays. */
  text(text: string): string | null
}
export type JsonKind = 'text' | 'number' | 'container' | 'other'

const number = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const word = /true|false|null/y
/** Of a word that is cut off. */
const wordBegun = /^(?:-|tr?u?|fa?l?s?|nu?l?)$/
const space = /[ \t\r\n]*/y

interface Frame<Place> {
  readonly isObject: boolean
  readonly place: Place
}

/**
 * Goes through JSON, one value or one behind another, and puts marks in place of values. Everything else stays as it is written: numbers are never read.
 * @param isCut its end may be missing; a string in which it is missing is given up
 * @returns `null` where it is no JSON
 */
export function maskJson<Place>(
  json: string,
  masks: JsonMasks<Place>,
  isCut = false,
): { readonly text: string } | null {
  const kept: string[] = []
  const open: Frame<Place>[] = []
  let keptTo = 0
  let at = json.charCodeAt(0) === 0xfeff ? 1 : 0
  const put = (from: number, to: number, mark: string): void => {
    kept.push(json.slice(keptTo, from), JSON.stringify(mark))
    keptTo = to
  }
  const ended = (): { text: string } => {
    kept.push(json.slice(keptTo))
    return { text: kept.join('') }
  }
  const cut = (): { text: string } | null => (isCut ? ended() : null)
  const skipSpace = (): boolean => {
    space.lastIndex = at
    space.exec(json)
    at = space.lastIndex
    return at < json.length
  }
  /** In which a mark was decided for a container, the depth it had: until then nothing else is put. */
  let hidden: { readonly depth: number; readonly from: number; readonly why: string } | null = null

  const giveUp = (from: number): { text: string } | null => {
    if (!isCut) return null
    const begin = hidden?.from ?? from
    put(begin, json.length, masks.mark(hidden?.why ?? 'cut off', json.slice(begin)))
    return ended()
  }

  for (;;) {
    // A value is wanted, or at the top the end.
    if (!skipSpace()) return open.length === 0 ? ended() : hidden === null ? cut() : giveUp(at)
    const frame = open.at(-1)
    let place = frame?.place ?? masks.root
    if (frame?.isObject) {
      const keyAt = at
      if (json.charCodeAt(at) !== 0x22) return null
      const end = endOfString(json, at)
      if (end < 0) return giveUp(keyAt)
      const name = stringOf(json, at, end)
      if (name === null) return null
      at = end
      if (!skipSpace()) return hidden === null ? cut() : giveUp(at)
      if (json.charCodeAt(at) !== 0x3a) return null
      at += 1
      place = masks.below(place, name)
      const mark = hidden === null ? masks.text(name) : null
      if (mark !== null) put(keyAt, end, mark)
      if (!skipSpace()) return hidden === null ? cut() : giveUp(at)
    }
    const from = at
    const first = json.charCodeAt(at)
    if (first === 0x7b || first === 0x5b) {
      if (hidden === null) {
        const why = masks.whole(place, 'container')
        if (why !== null) hidden = { depth: open.length, from, why }
      }
      at += 1
      if (!skipSpace()) return hidden === null ? cut() : giveUp(at)
      if (json.charCodeAt(at) !== first + 2) {
        open.push({ isObject: first === 0x7b, place })
        continue
      }
      at += 1
    } else if (first === 0x22) {
      const end = endOfString(json, at)
      if (end < 0) return giveUp(from)
      const value = stringOf(json, at, end)
      if (value === null) return null
      at = end
      const shown = hidden === null ? shownOf(masks, place, 'text', json.slice(from, at), value) : null
      if (shown !== null) put(from, at, shown)
    } else {
      const isNumber = first === 0x2d || (first >= 0x30 && first <= 0x39)
      const pattern = isNumber ? number : word
      pattern.lastIndex = at
      const value = pattern.exec(json)?.[0]
      if (value === undefined) return wordBegun.test(json.slice(at, at + 5)) ? cut() : null
      at += value.length
      if (isCut && at === json.length) return giveUp(from)
      const kind = isNumber ? 'number' : 'other'
      const shown = hidden === null ? shownOf(masks, place, kind, value, isNumber ? value : null) : null
      if (shown !== null) put(from, at, shown)
    }
    // What ends here, and what may follow.
    for (;;) {
      if (hidden !== null && open.length === hidden.depth) {
        put(hidden.from, at, masks.mark(hidden.why, json.slice(hidden.from, at)))
        hidden = null
      }
      const within = open.at(-1)
      if (within === undefined) break
      if (!skipSpace()) return hidden === null ? cut() : giveUp(at)
      const next = json.charCodeAt(at)
      at += 1
      if (next === 0x2c) break
      if (next !== (within.isObject ? 0x7d : 0x5d)) return null
      open.pop()
    }
  }
}

function shownOf<Place>(
  masks: JsonMasks<Place>,
  place: Place,
  kind: JsonKind,
  written: string,
  said: string | null,
): string | null {
  const why = masks.whole(place, kind)
  if (why !== null) return masks.mark(why, written)
  return said === null ? null : masks.text(said)
}

function endOfString(json: string, from: number): number {
  for (let at = from + 1; ; ) {
    const end = json.indexOf('"', at)
    if (end < 0) return -1
    let slashes = 0
    while (json.charCodeAt(end - 1 - slashes) === 0x5c) slashes += 1
    if (slashes % 2 === 0) return end + 1
    at = end + 1
  }
}

function stringOf(json: string, at: number, end: number): string | null {
  const inside = json.slice(at + 1, end - 1)
  if (!inside.includes('\\')) return /[\u0000-\u001f]/.test(inside) ? null : inside
  try {
    return JSON.parse(json.slice(at, end)) as string
  } catch {
    return null
  }
}
