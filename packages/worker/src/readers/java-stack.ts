import { cutEnd, cutMiddle } from '../cut-text.ts'
import { leafClass } from './leaf-class.ts'
import { caps, utf8 } from './values.ts'

export interface JavaError {
  readonly errorClass: string
  /** `null`: it has none. Uncapped. */
  readonly message: string | null
}

/** What a printed Java stack tells of its chain of causes. */
export interface JavaStack {
  readonly text: string
  /** The last `Caused by:` of the outer error itself (never of a suppressed one). `null`: the stack is cut, or cannot be understood. */
  readonly innermost: JavaError | null
  /** `innermost` is the outermost error: there is no cause. */
  readonly single: boolean
}

const causedBy = 'Caused by: '

/**
 * Reads what `Throwable.printStackTrace` wrote. Of a stack over 64 KiB the text is its head and tail, and the innermost error is
 * looked for in the tail, where Java prints it. Messages may span lines and quote other stacks: whatever is ambiguous, or ends
 * as only a cut stack ends, has no innermost error.
 */
export function readJavaStack(value: Uint8Array): JavaStack {
  if (value.byteLength <= caps.stackBytes) {
    const text = utf8(value)
    return { text: cutMiddle(text, caps.stackBytes), ...innermostOf(text, 0, true) }
  }
  const half = caps.stackBytes / 2
  const tail = utf8(value.subarray(value.byteLength - half))
  const text = cutMiddle(`${utf8(value.subarray(0, half))}\n… cut …\n${tail}`, caps.stackBytes)
  return { text, ...innermostOf(tail, tail.indexOf('\n') + 1, false) }
}

/** Where a line belongs. `header`: class and message of an error of the chain; `nested`: of a suppressed error. */
type Part = 'header' | 'nested' | 'frames'

function innermostOf(stack: string, from: number, fromTop: boolean): { innermost: JavaError | null; single: boolean } {
  const none = { innermost: null, single: false }
  let part: Part = fromTop ? 'header' : 'frames'
  let header = fromTop ? from : -1
  let headerEnd = -1
  let single = fromTop
  let lastLine = ''
  let start = from
  while (start < stack.length) {
    const newline = stack.indexOf('\n', start)
    const end = newline === -1 ? stack.length : newline
    const kind = kindOf(stack, start, end)
    if (kind === 'frame' || kind === 'suppressed') {
      if (part === 'header') headerEnd = start - 1
      part = kind === 'frame' ? 'frames' : 'nested'
    } else if (kind === 'nested') {
      if (part !== 'header') part = 'nested'
    } else if (kind === 'cause' && (part !== 'header' || isQualified(stack, start + causedBy.length))) {
      header = start + causedBy.length
      headerEnd = -1
      part = 'header'
      single = false
    } else if (kind === 'text' && part === 'frames') return none
    if (end > start) lastLine = stack.slice(start, Math.min(end, start + 400))
    start = end + 1
  }
  const endsWhole = part === 'frames' ? endsTrace(lastLine) : part === 'header' && stack.endsWith('\n')
  if (header === -1 || !endsWhole) return none
  const headerText = stack.slice(header, headerEnd === -1 ? stack.length - 1 : headerEnd)
  const innermost = errorOf(headerText.endsWith('\r') ? headerText.slice(0, -1) : headerText)
  if (innermost === null || (part === 'header' && !mayLackFrames(innermost.errorClass))) return none
  return { innermost, single }
}

function kindOf(
  stack: string,
  start: number,
  end: number,
): 'frame' | 'suppressed' | 'nested' | 'cause' | 'text' | 'empty' {
  if (end === start || (end === start + 1 && stack[start] === '\r')) return 'empty'
  if (stack.startsWith(causedBy, start)) return 'cause'
  const indent = stack[start] === '\t' ? 1 : stack.startsWith('    ', start) ? 4 : 0
  if (indent === 0) return 'text'
  let at = start + indent
  while (at < end && (stack[at] === '\t' || (indent === 4 && stack[at] === ' '))) at += 1
  if (stack.startsWith('at ', at) || stack.startsWith('... ', at)) return 'frame'
  if (stack.startsWith('Suppressed: ', at)) return 'suppressed'
  return 'nested'
}

/** The last line of a whole trace: the number of frames that it has in common with the error it caused, or where a thread begins. */
function endsTrace(line: string): boolean {
  const text = line.trim()
  if (text.startsWith('... ')) return text.endsWith(' more') || text.endsWith(' common frames omitted')
  return text.startsWith('at ') && text.endsWith(')') && (text.includes('Thread.run(') || text.includes('.main('))
}

/** Kafka's API errors have no frames, nor have those that the JIT compiler throws in hot code; of any other the frames were cut off. */
function mayLackFrames(errorClass: string): boolean {
  return errorClass.startsWith('org.apache.kafka.common.errors.') || leafClass(errorClass) !== null
}

/** A frameless error prints its cause right below its message; only a class in a package tells that from text. */
function isQualified(stack: string, start: number): boolean {
  const end = stack.indexOf('\n', start)
  const error = errorOf(stack.slice(start, Math.min(end === -1 ? stack.length : end, start + 400)).trimEnd())
  return error?.errorClass.includes('.') === true
}

/** `java.lang.IllegalStateException: no stock`, as `Throwable.toString` prints it; `null` for what an own `toString` prints. */
function errorOf(header: string): JavaError | null {
  const colon = header.indexOf(': ')
  const errorClass = colon === -1 ? header : header.slice(0, colon)
  if (!isClassName(errorClass)) return null
  return { errorClass: cutEnd(errorClass, caps.errorClass), message: colon === -1 ? null : header.slice(colon + 2) }
}

function isClassName(text: string): boolean {
  if (text === '' || text.length > 400 || text.startsWith('.') || text.endsWith('.')) return false
  let dotted = false
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === 0x2e) dotted = true
    else if (!isNameUnit(code)) return false
  }
  const first = text.charCodeAt(0)
  return dotted || (first >= 0x41 && first <= 0x5a)
}

/** Letters, digits, `_`, `$`, `/` (hidden classes) and everything beyond ASCII. */
function isNameUnit(code: number): boolean {
  if (code > 0x7f || code === 0x5f || code === 0x24 || code === 0x2f) return true
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x39)
}
