import type { Tier } from '../failure.ts'
import { clean } from './clean.ts'
import type { ErrorLevel, Frame, ParsedStack } from './parsed.ts'
import { looksLikeClass, splitHead } from './parsed.ts'
import { withoutRetry } from './retry-text.ts'
import { templateOf } from './template.ts'

/** A failure as its receiver knows it. Every text is hostile. */
export interface FingerprintInput {
  readonly queue: string
  readonly consumer: string | null
  readonly tier?: Tier
  readonly errorClass: string | null
  readonly message: string | null
  readonly stack: string | null
  /** The broker's or worker's word for why the letter is dead; used when there is no error at all. */
  readonly reason?: string | null
}

/** One error of a chain: its class without package, its message without values. */
export interface ErrorText {
  readonly errorClass: string | null
  readonly template: string | null
}

/**
 * What one failure shows of its cause: plain data, small, to be stored with the cause and compared with later ones.
 * It holds no values of the letter beyond what `templateOf` leaves.
 */
export interface Shape {
  /** Outermost error first, innermost last; at least one. */
  readonly errors: readonly ErrorText[]
  /** Own code, innermost call first, each once, `module#function`; at most 16. */
  readonly frames: readonly string[]
  /** The stack stopped early, so that more errors or frames may have followed. */
  readonly cut: boolean
}

const maxFrames = 16
const maxErrors = 8

/** Makes the shape out of the fields of a report and its parsed stack. */
export function shapeOf(input: FingerprintInput, stack: ParsedStack): Shape {
  const levels = withFields(stack.levels, input)
  const errors = errorsOf(levels)
  return { errors, frames: ownFrames(stack.levels), cut: stack.cut }
}

function withFields(levels: readonly ErrorLevel[], input: FingerprintInput): readonly ErrorLevel[] {
  const { errorClass, message } = input
  const first = levels[0]
  if (first === undefined) return [{ errorClass, message, frames: [] }]
  if (errorClass === null && message === null) return levels
  const named = levels.some((level) => level.errorClass !== null)
  // Runtimes that print no class leave it to the fields, which tell of the outermost error.
  if (first.errorClass === null && (first.message === null || !named)) {
    return [
      {
        ...first,
        errorClass,
        message: first.message === null || levels.length === 1 ? (message ?? first.message) : first.message,
      },
      ...levels.slice(1),
    ]
  }
  if (first.message === null && message !== null && simpleName(first.errorClass) === simpleName(errorClass)) {
    return [{ ...first, message }, ...levels.slice(1)]
  }
  return levels
}

function errorsOf(levels: readonly ErrorLevel[]): ErrorText[] {
  const errors: ErrorText[] = []
  for (const level of levels) {
    const text = textOf(level.errorClass, level.message)
    if (text.errorClass !== null || text.template !== null) errors.push(text)
  }
  const inner = levels.at(-1)
  // `CompletionException: some.Other: text` names its cause even where the cause itself was lost.
  const named = inner?.message === undefined || inner.message === null ? null : splitHead(inner.message)
  if (
    named !== null &&
    named.errorClass !== null &&
    named.errorClass.includes('.') &&
    looksLikeClass(named.errorClass)
  ) {
    errors.push(textOf(named.errorClass, named.message))
  }
  if (errors.length === 0) errors.push({ errorClass: null, template: null })
  return errors.length <= maxErrors ? errors : [...errors.slice(0, 1), ...errors.slice(1 - maxErrors)]
}

function textOf(errorClass: string | null, message: string | null): ErrorText {
  const name = simpleName(errorClass)
  const template = message === null ? '' : templateOf(message, errorClass)
  if (template === '') return { errorClass: name, template: null }
  const bare = withoutRetry(template)
  return bare === template ? { errorClass: name, template } : { errorClass: null, template: bare }
}

/** Package and generic wrappers away; names a minifier made say nothing. */
export function simpleName(errorClass: string | null): string | null {
  if (errorClass === null) return null
  if (
    /^\*?(?:fmt\.wrapErrors?|errors\.(?:withStack|withMessage|joinError|errorString|fundamental)|multierror\.Error|DOMException)$/.test(
      errorClass,
    )
  )
    return null
  const name =
    clean(errorClass, 200)
      .replace(/^\*/, '')
      .replace(/[`[(<].*$/, '')
      .split(/[.\\/:$+]+/)
      .at(-1) ?? ''
  return name.length <= 2 ? null : name
}

/**
 * The way from the innermost call of one's own code to the entry. An inner error often shows only the part of the way below
 * the place that caught it; the outer error shows the rest.
 */
function ownFrames(levels: readonly ErrorLevel[]): string[] {
  const way: string[] = []
  for (let index = levels.length - 1; index >= 0; index--) {
    const own = (levels[index]?.frames ?? []).filter(({ inApp }) => inApp).map(frameText)
    const meet = way.length === 0 ? -1 : own.indexOf(way.at(-1) ?? '')
    way.push(...own.slice(meet + 1))
    if (way.length > 400) break
  }
  const seen = new Set<string>()
  const frames: string[] = []
  for (const frame of way) {
    // Recursion says nothing more; functions without a name may well be different ones.
    if (seen.has(frame) && !frame.endsWith('#?')) continue
    // How a module was loaded depends on what started the process.
    if (frames.length > 0 && frame.endsWith('#<module>')) continue
    seen.add(frame)
    frames.push(frame)
    if (frames.length === maxFrames) break
  }
  return frames
}

function frameText(frame: Frame): string {
  return clean(`${frame.module}#${frame.name}`, 200)
}
