import type { Relation } from './compare.ts'
import { compare } from './compare.ts'
import type { Fingerprint } from './fingerprint.ts'
import type { Shape } from './shape.ts'

/** A cause with the shapes its letters have shown so far; each shape is stored once, by the key of its fingerprint. */
export interface KnownCause {
  readonly cause: string
  readonly shapes: readonly Shape[]
}

export type Placement =
  /** The letter belongs to this cause. `same`: the evidence says so; `only`: nothing else fits what the letter still shows. */
  | { readonly kind: 'joins'; readonly cause: string; readonly because: 'same' | 'only' }
  /** The letter founds a cause. `unseen`: nothing like it; `ambiguous`: several causes fit and guessing would merge them. */
  | { readonly kind: 'founds'; readonly because: 'unseen' | 'ambiguous' }

/**
 * Decides where a failure belongs among the causes of its scope that share a text with it (`lookupTexts`). A replay acts on a
 * cause, so two causes are never put together on a guess: a letter that says too little joins only when one cause fits.
 * The order of `known` does not matter beyond ties, which go to the first.
 */
export function place(shape: Shape, known: Iterable<KnownCause>): Placement {
  const found = {
    same: [] as KnownCause[],
    likely: [] as KnownCause[],
    possible: [] as KnownCause[],
    different: [] as KnownCause[],
  }
  for (const candidate of known) {
    const verdict = verdictOn(shape, candidate.shapes)
    if (verdict !== 'unrelated') found[verdict].push(candidate)
  }
  const first = found.same[0]
  if (first !== undefined) return { kind: 'joins', cause: first.cause, because: 'same' }
  // What says only its text is not taken for the one place that is new, where the text is known from another place.
  const fits =
    found.likely.length > 0
      ? found.likely
      : shape.frames.length > 0 && found.different.length > 0
        ? found.possible.filter(({ shapes }) => shapes.some(({ frames }) => frames.length > 0))
        : found.possible
  const [only, ...others] = fits
  if (only === undefined) return { kind: 'founds', because: 'unseen' }
  if (others.length === 0) return { kind: 'joins', cause: only.cause, because: 'only' }
  return { kind: 'founds', because: 'ambiguous' }
}

/** One shape that agrees is enough; one that contradicts outweighs those that say too little. */
function verdictOn(shape: Shape, shapes: readonly Shape[]): Relation {
  let verdict: Relation = 'unrelated'
  for (const known of shapes) {
    const relation = compare(shape, known)
    if (relation === 'same') return 'same'
    if (rank[relation] > rank[verdict]) verdict = relation
  }
  return verdict
}

const rank: Readonly<Record<Relation, number>> = { unrelated: 0, possible: 1, different: 2, likely: 3, same: 4 }

/** Texts and innermost place by which the causes that may fit are found: one row for each in the office's store, or a map in memory. */
export function lookupTexts(shape: Shape): string[] {
  const texts = new Set<string>()
  for (const { errorClass, template } of shape.errors) {
    if (template !== null) texts.add(`t:${template}`)
    if (errorClass !== null) texts.add(`c:${errorClass}`)
  }
  const place = shape.frames[0]
  if (place !== undefined) texts.add(`f:${place}`)
  return [...texts]
}

/** Causes in memory, in the order they were founded. */
export interface CauseIndex {
  /** The cause's key and whether this fingerprint taught the index something that is to be stored. */
  assign(fingerprint: Fingerprint): {
    readonly cause: string
    readonly placement: Placement | { readonly kind: 'known' }
  }
  /** Puts back what was stored. */
  learn(scope: string, cause: string, key: string, shape: Shape): void
  readonly size: number
}

const maxShapes = 48

export function createCauseIndex(): CauseIndex {
  const byKey = new Map<string, string>()
  const causes = new Map<string, { cause: string; shapes: Shape[]; keys: Set<string> }>()
  const byText = new Map<string, Set<string>>()

  function learn(scope: string, cause: string, key: string, shape: Shape): void {
    const known = causes.get(cause) ?? { cause, shapes: [], keys: new Set() }
    causes.set(cause, known)
    if (isFull(shape)) byKey.set(key, cause)
    if (known.keys.has(key) || known.shapes.length >= maxShapes) return
    known.keys.add(key)
    known.shapes.push(shape)
    for (const text of lookupTexts(shape)) {
      const at = `${scope}\n${text}`
      const found = byText.get(at)
      if (found === undefined) byText.set(at, new Set([cause]))
      else found.add(cause)
    }
  }

  return {
    learn,
    get size() {
      return causes.size
    },
    assign({ key, scope, shape, basis }) {
      const exact = byKey.get(key)
      if (exact !== undefined) return { cause: exact, placement: { kind: 'known' } }
      if (basis === 'reason' || basis === 'nothing') {
        byKey.set(key, key)
        causes.set(key, { cause: key, shapes: [], keys: new Set() })
        return { cause: key, placement: { kind: 'founds', because: 'unseen' } }
      }
      const ids = new Set<string>()
      for (const text of lookupTexts(shape)) for (const id of byText.get(`${scope}\n${text}`) ?? []) ids.add(id)
      const candidates = [...ids].flatMap((id) => causes.get(id) ?? [])
      const placement = place(shape, candidates)
      const cause = placement.kind === 'joins' ? placement.cause : key
      learn(scope, cause, key, shape)
      return { cause, placement }
    },
  }
}

/** Shows enough to be recognised by its key alone, whatever causes appear later. */
function isFull(shape: Shape): boolean {
  return shape.frames.length > 0 && !shape.cut && !shape.frames.some((frame) => frame.endsWith('#?'))
}
