import { readsAsRenamed } from './rename.ts'
import { saysRetry } from './retry-text.ts'
import type { ErrorText, Shape } from './shape.ts'

/**
 * `same`: one cause. `likely`: what is left of the shorter stack agrees. `possible`: nothing against it, but one of them shows
 * no place in the code. `different`: they speak of the same
 * error at different places, or of different errors under the same wrapper. `unrelated`: nothing in common.
 */
export type Relation = 'same' | 'likely' | 'possible' | 'different' | 'unrelated'

export function compare(a: Shape, b: Shape): Relation {
  const innerA = a.errors.at(-1)
  const innerB = b.errors.at(-1)
  if (innerA === undefined || innerB === undefined) return 'unrelated'
  if (sameText(innerA, innerB)) {
    if (a.frames.length > 0 && b.frames.length > 0) return compareWays(a, b)
    // Two texts without a place are one cause; a bare class is too little even for that.
    const texts = a.frames.length === 0 && b.frames.length === 0 && innerA.template !== null
    return texts ? 'same' : 'possible'
  }
  // Without any text the place is all there is.
  if (isMute(innerA) || isMute(innerB)) return a.frames.length > 1 && compareWays(a, b) === 'same' ? 'likely' : 'unrelated'
  return a.errors.length <= b.errors.length ? compareOuter(a, b) : compareOuter(b, a)
}

/** Without its inner errors a report can only be recognised by the outer one. */
function compareOuter(short: Shape, long: Shape): Relation {
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
  return way === 'same' ? 'likely' : way
}

function sameText(a: ErrorText, b: ErrorText): boolean {
  if (a.errorClass !== null && b.errorClass !== null && a.errorClass !== b.errorClass) return false
  if (a.template !== null && b.template !== null) {
    if (a.template === b.template) return true
    // Some drivers print the text twice, in the language of the host and in English.
    return a.errorClass !== null && a.errorClass === b.errorClass && (a.template.endsWith(`\n${b.template}`) || b.template.endsWith(`\n${a.template}`))
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
function compareWays(a: Shape, b: Shape): Relation {
  let shared = 0
  let blurred = false
  const length = Math.min(a.frames.length, b.frames.length)
  while (shared < length) {
    const left = a.frames[shared] ?? ''
    const right = b.frames[shared] ?? ''
    if (!matches(left, right)) break
    blurred ||= left !== right
    shared++
  }
  if (isRenamed(a.frames, b.frames, shared)) return 'likely'
  if (shared === 0) return compareEntries(a, b)
  const agreed = blurred || a.cut || b.cut ? 'likely' : 'same'
  const restA = a.frames.slice(shared)
  const restB = b.frames.slice(shared)
  if (restA.length === 0 || restB.length === 0) return restA.length === restB.length && !blurred ? 'same' : agreed
  const way = a.frames.slice(0, shared)
  if (isWrapped(way, restA, restB) || isWrapped(way, restB, restA)) return agreed
  if ((a.cut && isCutInLayers(way, restA, restB)) || (b.cut && isCutInLayers(way, restB, restA))) return 'likely'
  return 'different'
}

/**
 * One helper has another name, and what calls it, in the same module, is the same up to the entry. The caller is required: two
 * handlers that end in the same layers are two causes, however alike their names.
 */
function isRenamed(a: readonly string[], b: readonly string[], at: number): boolean {
  const left = a[at] ?? ''
  const right = b[at] ?? ''
  const caller = a[at + 1]
  if (caller === undefined || caller !== b[at + 1] || moduleOf(left) !== moduleOf(right) || moduleOf(caller) !== moduleOf(left)) return false
  const restA = a.slice(at + 1)
  const restB = b.slice(at + 1)
  return (isWithin(restA, restB) || isWithin(restB, restA)) && readsAsRenamed(nameOf(left), nameOf(right))
}

/** A stack that is printed from the entry down and cut off shows only how the handler was reached. */
function compareEntries(a: Shape, b: Shape): Relation {
  const [part, whole] = a.cut ? [a, b] : [b, a]
  if (!part.cut) return 'different'
  if (isWithin(part.frames, whole.frames)) return 'likely'
  const module = moduleOf(part.frames[0] ?? '')
  const layer = module !== moduleOf(whole.frames[0] ?? '') && whole.frames.some((frame) => moduleOf(frame) === module)
  return layer ? 'possible' : 'different'
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
