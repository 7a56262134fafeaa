import type { ErrorLevel, Frame, StackParser } from '../parsed.ts'

/** Goroutine dumps (`pkg.fn(args)` over `\tfile.go:7 +0x1`) and the `%+v` of errors that carry a stack. */
export const parseGo: StackParser = (lines) => {
  const levels: { head: string[]; frames: Frame[] }[] = [{ head: [], frames: [] }]
  let panicHead: string | null = null
  let goroutines = 0
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? ''
    const next = lines[index + 1] ?? ''
    const level = levels.at(-1)
    if (level === undefined) break
    if (/^goroutine \d+ \[/.test(line)) {
      if (++goroutines > 1) break
    } else if (/^(?:panic|fatal error): /.test(line))
      panicHead ??= line.slice(line.indexOf(': ') + 2).replace(/ \[recovered\].*$/, '')
    else if (line.startsWith('created by ')) break
    else if (next.startsWith('\t') && /\.(?:go|s):\d+/.test(next)) {
      index++
      // What stands above a panic is the code that recovered from it.
      if (/^panic\(|^runtime\.(?:gopanic|sigpanic|panic\w*|goPanic\w*|throw|fatal\w*)\b/.test(line))
        level.frames.length = 0
      else level.frames.push(frameOf(line, next.trimStart()))
    } else if (index === lines.length - 1 && level.frames.length > 0 && !line.includes(' ')) break
    else if (line.trim() !== '' && !line.startsWith('\t') && !line.startsWith('[signal ')) {
      if (level.frames.length > 0 && goroutines === 0) levels.push({ head: [line], frames: [] })
      else if (goroutines === 0) level.head.push(line)
    }
  }
  // `%+v` prints the innermost error first and leaves the joining of messages to the reader.
  let joined: string | null = null
  const chain = levels
    .filter(({ head, frames }) => head.length > 0 || frames.length > 0)
    .map(({ head, frames }): ErrorLevel => {
      for (const own of head) joined = joined === null ? own : `${own}: ${joined}`
      return { errorClass: null, message: panicHead ?? joined, frames }
    })
  return chain.reverse()
}

function frameOf(call: string, place: string): Frame {
  const file = place.replace(/:\d+(?: \+0x[0-9a-f]+)?$/, '')
  const args = call.endsWith(')') || call.endsWith('...}') ? argumentsAt(call) : -1
  const full = (args === -1 ? call : call.slice(0, args))
    .replace(/\[\.\.\.\]|-fm$/g, '')
    .replace(/(?:\.(?:func)?\d+|\.gowrap\d+)+$/, '')
  const dot = full.indexOf('.', full.lastIndexOf('/') + 1)
  const pkg = dot === -1 ? full : full.slice(0, dot)
  return { module: pkg, name: dot === -1 ? '?' : full.slice(dot + 1), inApp: !isLibrary(pkg, file) }
}

/** The receiver of a method, `(*T)`, is not the argument list. */
function argumentsAt(call: string): number {
  const from = call.lastIndexOf('/') > call.indexOf('(') ? 0 : call.lastIndexOf('/') + 1
  for (let at = call.indexOf('(', from); at !== -1; at = call.indexOf('(', at + 1)) {
    if (call[at - 1] !== '.') return at
  }
  return -1
}

const standard =
  /^(?:archive|bufio|bytes|cmp|compress|container|context|crypto|database|debug|embed|encoding|errors|expvar|flag|fmt|go|hash|html|image|index|internal|io|iter|log|maps|math|mime|net|os|path|plugin|reflect|regexp|runtime|slices|sort|strconv|strings|sync|syscall|testing|text|time|unicode|unique|unsafe|vendor|weak)(?:\/|$)/

function isLibrary(pkg: string, file: string): boolean {
  return (
    /\/pkg\/mod\/|\/vendor\/|@v\d|\/go\/src\/(?:runtime|net|internal|[a-z]+)\/[^/]*\.(?:go|s)$/.test(file) ||
    (standard.test(pkg) && !file.startsWith('./'))
  )
}
