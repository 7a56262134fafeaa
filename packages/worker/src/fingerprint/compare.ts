import { readsAsRenamed } from './rename.ts'
import { saysRetry } from './retry-text.ts'
import type { ErrorText, Shape } from './shape.ts'

/**
 * What one shape says about another that is already known.
 * `same`: one cause. `likely`: the new one shows less, and that agrees; or only the name of a helper differs. `possible`: nothing
 * against it, but the known one shows less, or one of them shows no place in the code. `different`: they speak of the same error
 * at different places, or of different errors under the same wrapper. `unrelated`: nothing in common.
 */
export type Relation = 'same' | 'likely' | 'possible' | 'different' | 'unrelated'

/** Compares a new shape with a known one. Not symmetric: what a known shape fails to show proves nothing about a new one. */
export function compare(fresh: Shape, known: Shape): Relation {
  const inner = fresh.errors.at(-1)
  const knownInner = known.errors.at(-1)
  if (inner === undefined || knownInner === undefined) return 'unrelated'
  if (sameText(inner, knownInner)) {
    if (fresh.frames.length > 0 && known.frames.length > 0) return compareWays(fresh, known)
    // Two texts without a place are one cause; a bare class is too little even for that.
    return fresh.frames.length === 0 && known.frames.length === 0 && inner.template !== null ? 'same' : 'possible'
  }
  // Without any text the place is all there is.
  if (isMute(inner) || isMute(knownInner)) {
    return fresh.frames.length > 1 && compareWays(fresh, known) === 'same'
      ? isMute(inner)
        ? 'likely'
        : 'possible'
      : 'unrelated'
  }
  return fresh.errors.length <= known.errors.length
    ? compareOuter(fresh, known, 'likely')
    : compareOuter(known, fresh, 'possible')
}

/** Without its inner errors a report can only be recognised by the outer one. */
function compareOuter(short: Shape, long: Shape, agreed: 'likely' | 'possible'): Relation {
  const outer = short.errors[0]
  if (outer === undefined) return 'unrelated'
  const match = long.errors.find((error) => sameText(outer, error))
  if (match === undefined) {
    const named = outer.template === null && long.errors.some(({ errorClass }) => errorClass === outer.errorClass)
    return named && short.errors.length === 1 && short.frames.length === 0 ? 'possible' : 'unrelated'
  }
  if (short.errors.length > 1) return short.cut || long.cut ? 'unrelated' : 'different'
  if (short.frames.length === 0) return isRetry(outer) ? 'unrelated' : 'possible'
  if (long.frames.length === 0) return 'possible'
  const first = long.frames.indexOf(short.frames[0] ?? '')
  if (first === -1) return 'different'
  const way = compareWays(short, { ...long, frames: long.frames.slice(first) })
  return way === 'different' ? way : agreed
}

function sameText(a: ErrorText, b: ErrorText): boolean {
  if (a.errorClass !== null && b.errorClass !== null && a.errorClass !== b.errorClass) return false
  if (a.template !== null && b.template !== null) {
    if (a.template === b.template) return true
    // Some drivers print the text twice, in the language of the host and in English.
    return (
      a.errorClass !== null &&
      a.errorClass === b.errorClass &&
      (a.template.endsWith(`\n${b.template}`) || b.template.endsWith(`\n${a.template}`))
    )
  }
  if (a.template !== b.template) return false
  return a.errorClass !== null && a.errorClass === b.errorClass
}

function isMute({ errorClass, template }: ErrorText): boolean {
  return errorClass === null && template === null
}

function isRetry({ errorClass, template }: ErrorText): boolean {
  return saysRetry(template ?? '') || /Retr(?:y|ies)|GaveUp|Exhausted/.test(errorClass ?? '')
}

/** Two ways through the code, innermost call first. */
function compareWays(fresh: Shape, known: Shape): Relation {
  let shared = 0
  let blurred = false
  const length = Math.min(fresh.frames.length, known.frames.length)
  while (shared < length) {
    const left = fresh.frames[shared] ?? ''
    const right = known.frames[shared] ?? ''
    if (!matches(left, right)) break
    blurred ||= left.endsWith('#?') || right.endsWith('#?')
    shared++
  }
  const freshIsLess = fresh.cut || fresh.frames.some((frame) => frame.endsWith('#?'))
  const agreed = freshIsLess ? 'likely' : blurred || known.cut ? 'possible' : 'same'
  if (isRenamed(fresh.frames, known.frames, shared)) return agreed === 'same' ? 'likely' : agreed
  if (shared === 0)
    return fresh.cut
      ? compareEntries(fresh.frames, known.frames, 'likely')
      : known.cut
        ? compareEntries(known.frames, fresh.frames, 'possible')
        : 'different'
  const rest = fresh.frames.slice(shared)
  const knownRest = known.frames.slice(shared)
  if (rest.length === 0 && knownRest.length === 0) return blurred ? agreed : 'same'
  // The shorter way may have lost the handler, which is what tells two causes in a common helper apart.
  if (rest.length === 0) return 'likely'
  if (knownRest.length === 0) return freshIsLess ? 'likely' : 'possible'
  const way = fresh.frames.slice(0, shared)
  if (isWrapped(way, rest, knownRest) || isWrapped(way, knownRest, rest)) return agreed
  if (fresh.cut && isCutInLayers(way, rest, knownRest)) return 'likely'
  if (known.cut && isCutInLayers(way, knownRest, rest)) return 'possible'
  return 'different'
}

/** A stack that is printed from the entry down and cut off shows only how the handler was reached. */
function compareEntries(part: readonly string[], whole: readonly string[], agreed: 'likely' | 'possible'): Relation {
  if (isWithin(part, whole)) return agreed
  const module = moduleOf(part[0] ?? '')
  const layer = module !== moduleOf(whole[0] ?? '') && whole.some((frame) => moduleOf(frame) === module)
  return layer ? 'possible' : 'different'
}

/**
 * One helper has another name, and what calls it, in the same module, is the same up to the entry. The caller is required: two
 * handlers that end in the same layers are two causes, however alike their names.
 */
function isRenamed(a: readonly string[], b: readonly string[], at: number): boolean {
  const left = a[at] ?? ''
  const right = b[at] ?? ''
  const caller = a[at + 1]
  if (
    caller === undefined ||
    caller !== b[at + 1] ||
    moduleOf(left) !== moduleOf(right) ||
    moduleOf(caller) !== moduleOf(left)
  )
    return false
  const restA = a.slice(at + 1)
  const restB = b.slice(at + 1)
  return (isWithin(restA, restB) || isWithin(restB, restA)) && readsAsRenamed(nameOf(left), nameOf(right))
}

/** The longer way goes through more layers (tracing, retries) between handler and entry, none of them the handler's own code. */
function isWrapped(way: readonly string[], shorter: readonly string[], longer: readonly string[]): boolean {
  return isWithin(shorter, longer) && (hasLeft(way) || moduleOf(longer[0] ?? '') !== moduleOf(way.at(-1) ?? ''))
}

function isCutInLayers(way: readonly string[], cut: readonly string[], whole: readonly string[]): boolean {
  const module = moduleOf(way.at(-1) ?? '')
  const layered = moduleOf(cut[0] ?? '') === module && moduleOf(whole[0] ?? '') === module
  return hasLeft(way) ? layered || whole.length === 1 : whole.length === 1 && moduleOf(cut[0] ?? '') !== module
}

/** The way has come from the failing code into other code. */
function hasLeft(way: readonly string[]): boolean {
  return moduleOf(way[0] ?? '') !== moduleOf(way.at(-1) ?? '')
}

function isWithin(part: readonly string[], whole: readonly string[]): boolean {
  let at = 0
  for (const frame of whole) if (at < part.length && matches(part[at] ?? '', frame)) at++
  return at === part.length
}

/** A minified function has no name, but still its file. */
function matches(a: string, b: string): boolean {
  return a === b || ((a.endsWith('#?') || b.endsWith('#?')) && moduleOf(a) === moduleOf(b))
}

function moduleOf(frame: string): string {
  return frame.slice(0, frame.lastIndexOf('#'))
}

function nameOf(frame: string): string {
  return frame.slice(frame.lastIndexOf('#') + 1)
}
