import type { ErrorLevel, Frame, StackParser } from '../parsed.ts'
import { moduleOfPath, splitHead } from '../parsed.ts'

interface JavaScriptFrame extends Frame {
  readonly bundled: boolean
}

interface Open {
  head: string
  readonly frames: JavaScriptFrame[]
}

/** V8 stacks and what `util.inspect` makes of them: `at fn (file:1:2)`, `[cause]: …`, `[errors]: […]`. */
export const parseJavaScript: StackParser = (lines) => {
  const levels: Open[] = []
  let level: Open | undefined
  let done = false
  for (const line of lines) {
    const text = line.trimStart()
    if (text.startsWith('at ') && level !== undefined) {
      if (done) continue
      const frame = frameOf(text)
      if (frame !== null) level.frames.push(frame)
      // What follows are the properties of the error, with stacks of their own.
      done = text.endsWith('{')
      continue
    }
    if (text.startsWith('Node.js v')) break
    const cause = /^(?:\[cause\]|cause): (.+)$|^Caused by: (.+)$/.exec(text)
    if (cause !== null) {
      const head = cause[1] ?? cause[2] ?? ''
      // Too deep for `util.inspect`, which then names the class alone.
      done = /^\[[\w$]+\],?$/.test(head)
      if (!done) level = open(head)
    } else if (text === '[errors]: [' && level !== undefined && !level.frames.some(({ inApp }) => inApp)) {
      done = false
      level = open('')
    } else if (level === undefined) {
      if (looksLikeHead(text)) level = open(text)
    } else if (level.frames.length > 0) done ||= levels.length > 1 || text === '' || text.startsWith('}')
    else if (level.head === '') level.head = unbracket(text)
    else if (!done && text !== '' && text !== '^') level.head += `\n${line}`
  }
  return levels
    .filter(({ head, frames }) => frames.length > 0 || head !== '')
    .map(({ head, frames }): ErrorLevel => ({ ...headOf(head), frames: isBundle(frames) ? [] : frames.map(plain) }))

  function open(head: string): Open {
    const opened: Open = { head: unbracket(head), frames: [] }
    levels.push(opened)
    return opened
  }
}

/** An uncaught error is printed below the source line that threw it. */
function looksLikeHead(text: string): boolean {
  return /^\[?(?:Uncaught )?[\w$.]*(?:Error|Exception|Rejection|Abort\w*|Timeout\w*)\b[^(;]{0,80}(?::|$|\]|\[)/.test(
    text,
  )
}

function unbracket(text: string): string {
  const open = text.endsWith('{') ? text.slice(0, -1).trimEnd() : text
  const code = /^([\w$.]+) \[([\w$]+)\](?=:|$)/.exec(open)
  const plain = code === null ? open : (code[1] ?? '') + open.slice(code[0].length)
  return plain.startsWith('[') && plain.endsWith(']') && !plain.startsWith('[object') ? plain.slice(1, -1) : plain
}

function headOf(head: string): { errorClass: string | null; message: string | null } {
  const text = unbracket(head).replace(/^Uncaught /, '')
  const thrown =
    /^(?:Error|UnhandledPromiseRejection): This error originated either by throwing [^]* reason "([^]*)"\.$/.exec(text)
  // What was thrown was no error, so that there is no class.
  return thrown === null ? splitHead(text) : { errorClass: null, message: thrown[1] ?? null }
}

function plain({ module, name, inApp }: JavaScriptFrame): Frame {
  return { module, name, inApp }
}

/** A bundle has its whole program on a few lines of one file, so that neither file nor names say where it failed. */
function isBundle(frames: readonly JavaScriptFrame[]): boolean {
  const own = frames.filter(({ inApp }) => inApp)
  if (own.some(({ bundled }) => bundled)) return true
  return (
    own.length > 0 &&
    own.every(({ module, name }) => module === own[0]?.module && (name === '?' || name === '<anonymous>')) &&
    own.some(({ name }) => name === '?')
  )
}

function frameOf(text: string): JavaScriptFrame | null {
  let rest = text.slice(3)
  if (rest.endsWith('{')) rest = rest.slice(0, -1).trimEnd()
  if (rest.endsWith(',')) rest = rest.slice(0, -1)
  if (rest.startsWith('async ')) rest = rest.slice(6)
  let name = ''
  let place = rest
  if (rest.endsWith(')')) {
    const paren = rest.indexOf(' (')
    if (paren !== -1) {
      name = rest.slice(0, paren)
      place = rest.slice(paren + 2, -1)
    }
  }
  if (place.startsWith('index ')) return null
  const position = /^(.*?):(\d{1,9}):(\d{1,9})$/.exec(place)
  const file = position?.[1] ?? place
  const inApp = position !== null && !isLibrary(file)
  const cleaned = functionName(name)
  const bundled = inApp && (Number(position?.[3]) > 400 || /[.-](?:min|bundle|chunk)[.-]/.test(file))
  return {
    module: moduleOfPath(file.replace(/[?#].*$/, '')),
    name: inApp && isMinified(cleaned) ? '?' : cleaned,
    inApp,
    bundled,
  }
}

function isLibrary(file: string): boolean {
  return (
    file.startsWith('node:') ||
    file.startsWith('internal/') ||
    file.startsWith('<anonymous') ||
    file.startsWith('native') ||
    file.startsWith('wasm:') ||
    file.startsWith('ext:') ||
    file.includes('node_modules') ||
    file.includes('/webpack/runtime/') ||
    file.includes('webpack/bootstrap') ||
    file.includes('/.pnpm/') ||
    file.includes('/.yarn/') ||
    !/[\\/]/.test(file)
  )
}

function functionName(name: string): string {
  if (name === 'Object.<anonymous>') return '<module>'
  const as = name.indexOf(' [as ')
  return (
    (as === -1 ? name : name.slice(0, as)).replace(/^(?:new |Object\.|Module\.|Function\.|exports\.)+/, '') ||
    '<anonymous>'
  )
}

function isMinified(name: string): boolean {
  return /^[$\w]{1,2}(?:\.|$)/.test(name)
}
