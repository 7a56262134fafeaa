/** One call on a stack. */
export interface Frame {
  /** Class, package or source file the code is in, without folders, extension or version. */
  readonly module: string
  /** Function without argument list, line number and generated suffix; `?` where a minifier took the name. */
  readonly name: string
  /** Written by the people who run the consumer, as opposed to runtime, library or generated code. */
  readonly inApp: boolean
}

/** One error of a chain of causes. */
export interface ErrorLevel {
  readonly errorClass: string | null
  readonly message: string | null
  /** Innermost call first, whatever order the runtime prints. */
  readonly frames: readonly Frame[]
}

/** What one stack text says. */
export interface ParsedStack {
  /** Outermost error first, innermost cause last. */
  readonly levels: readonly ErrorLevel[]
  /** True where the text stops in the middle of something. */
  readonly cut: boolean
}

/** Reads one runtime's way of printing a stack. Never throws, linear in the size of its input. */
export type StackParser = (lines: readonly string[]) => ErrorLevel[]

/** Folders and extension away; `index`, `mod` and the like keep their folder, for they name nothing by themselves. */
export function moduleOfPath(path: string): string {
  const parts = path.replaceAll('\\', '/').split('/')
  const last = parts.at(-1) ?? ''
  const dot = last.indexOf('.', 1)
  const stem = dot === -1 ? last : last.slice(0, dot)
  return /^(?:index|mod|lib|__init__|main)$/.test(stem) && parts.length > 1 && stem !== 'main'
    ? `${parts.at(-2)}/${stem}`
    : stem
}

/** Splits `some.Class: message`; a line that does not begin with a class is all message. */
export function splitHead(text: string): { errorClass: string | null; message: string | null } {
  const match = /^([A-Za-z_$][\w$.\\/]{0,199})(?:: ?|$)/.exec(text)
  const name = match?.[1]
  if (match === null || name === undefined || !looksLikeClass(name)) return { errorClass: null, message: text }
  const rest = text.slice(match[0].length)
  return { errorClass: name, message: rest === '' ? null : rest }
}

export function looksLikeClass(name: string): boolean {
  return (
    /(?:Error|Exception|Exit|Timeout|Interrupt|Failure|Fault|Throwable|Warning|Violation|Panic)(?:\d|$)/.test(name) ||
    /^(?:[\w$]+[.\\])+[A-Z][\w$]*$/.test(name)
  )
}
