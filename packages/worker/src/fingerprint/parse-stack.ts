import { parseBeam } from './frames/beam.ts'
import { parseDotnet } from './frames/dotnet.ts'
import { parseGo } from './frames/go.ts'
import { parseJavaScript } from './frames/javascript.ts'
import { parseJvm } from './frames/jvm.ts'
import { parsePerl } from './frames/perl.ts'
import { parsePhp } from './frames/php.ts'
import { parsePython } from './frames/python.ts'
import { parseRuby } from './frames/ruby.ts'
import { parseRust } from './frames/rust.ts'
import type { ErrorLevel, ParsedStack, StackParser } from './parsed.ts'

/** Characters of a stack that are read. */
export const maxStackChars = 65_536
const maxLineChars = 2048
const maxLines = 2000

/** The middle of a long stack is cut out when it is written to a header. */
const ourMark = /^… (?:over )?\d{1,12} bytes cut …$/

/** Recognises the runtime that printed a stack by its frames and reads it. */
export function parseStack(stack: string): ParsedStack {
  const text = stack.length > maxStackChars ? stack.slice(0, maxStackChars) : stack
  const lines = linesOf(text)
  const mark = lines.findIndex((line) => ourMark.test(line))
  const cut = mark !== -1 || isCut(stack, lines)
  // Where it was cut there is half a frame.
  if (mark !== -1) lines.splice(Math.max(0, mark - 1), 3)
  else if (cut && lines.length > 1) lines.pop()
  const parser = parserFor(lines)
  const levels = parser === null ? headOnly(lines) : parser(lines)
  return { levels, cut: cut || endsEarly(parser, levels) }
}

/** V8 keeps ten calls (a library may add its own to them) and the BEAM eight, unless told otherwise; Python names the error last. */
function endsEarly(parser: StackParser | null, levels: readonly ErrorLevel[]): boolean {
  if (parser === parseJavaScript) return levels.some(({ frames }) => frames.length >= 10)
  if (parser === parseBeam) return levels.some(({ frames }) => frames.length === 8)
  return parser === parsePython && levels[0]?.errorClass === null
}

/** A line that repeats the one before is dropped, so that deep recursion costs nothing. */
function linesOf(text: string): string[] {
  const lines: string[] = []
  let from = 0
  let last = ''
  while (from <= text.length && lines.length < maxLines) {
    let end = text.indexOf('\n', from)
    if (end === -1) end = text.length
    const stop = text.charCodeAt(end - 1) === 13 ? end - 1 : end
    if (stop - from !== last.length || last === '' || !text.startsWith(last, from)) {
      last = text.slice(from, Math.min(stop, from + maxLineChars))
      lines.push(last)
    }
    from = end + 1
  }
  return lines
}

function parserFor(lines: readonly string[]): StackParser | null {
  for (const line of lines) {
    const first = line.charCodeAt(0)
    if (line.includes('Traceback (most recent call last)') || line.startsWith('  File "')) return parsePython
    if (first === 35 && /^#\d+ (?:\[internal function\]|\S{1,1000}\(\d+\)): |^#\d+ \{main\}/.test(line)) return parsePhp
    if (first === 103 && /^goroutine \d+ \[/.test(line)) return parseGo
    if (first === 9 && /^\t\S{1,1000}\.(?:go|s):\d+/.test(line)) return parseGo
    if (
      /panicked at |^(?:Stack backtrace|stack backtrace):|^Caused by:$|^ {0,4}\d{1,3}: [\w<][\w:<>& ,{}]*::/.test(line)
    )
      return parseRust
    if (line.includes(' called at ') && / line \d+/.test(line)) return parsePerl
    if (line.includes(':in ') && /\S:\d+:in [`']/.test(line)) return parseRuby
    if (
      line.startsWith('** (') ||
      /^ {2,8}in (?:function|call from) {1,2}\w{1,100}:/.test(line) ||
      /^ {4}(?:\(\w+ [^)]{1,40}\) )?[\w./-]{1,200}\.(?:exs?|erl):\d+: /.test(line)
    )
      return parseBeam
    const text = line.trimStart()
    if (text.startsWith('at ') && text !== line) {
      if (
        /\((?:[^()]{1,200}\.(?:java|kt|scala|groovy|clj)(?::\d+)?|Unknown Source|Native Method|<generated>|\w+\.\w{2,6}:\d+)\)?/.test(
          text,
        ) &&
        !/[\\/]\S*\)$/.test(text)
      )
        return parseJvm
      if (/:\d+:\d+\)?[ ,{]*$|\((?:node:|native|<anonymous>|index \d+|file:|https?:|webpack)/.test(text))
        return parseJavaScript
      if (
        / in .{1,500}:line \d+|\[0x[0-9a-f]+\]| in <[0-9a-f]+|^at [\w.`+<>|[\],]+ ?\([^)]*\)?/.test(text) &&
        (line.startsWith('  ') || text.includes('[0x'))
      ) {
        return line.startsWith('\t') || /\(\w*\.?\w*$/.test(text) ? parseJvm : parseDotnet
      }
      if (line.startsWith('\tat ')) return parseJvm
      if (line.startsWith('    at ')) return parseJavaScript
    }
    if (line.includes(' ---> ')) return parseDotnet
    if (first !== 9 && / at \S{1,400}\.(?:pl|pm|t) line \d+\.?$/.test(line)) return parsePerl
  }
  return null
}

/** A stack without frames may still name the error. */
function headOnly(lines: readonly string[]): ErrorLevel[] {
  const parsed = parseJvm(lines.slice(0, 10))
  return parsed.length > 0 ? parsed : []
}

const sizes = new Set([
  255, 256, 500, 512, 1000, 1023, 1024, 2000, 2047, 2048, 4000, 4095, 4096, 8000, 8191, 8192, 16384, 32767, 32768,
  65535,
])

/** Cut to a usual limit, by us with our mark, or inside a frame. */
function isCut(stack: string, lines: readonly string[]): boolean {
  if (stack.length >= maxStackChars || lines.length >= maxLines) return true
  const last = lines.at(-1) ?? ''
  if (sizes.has(stack.length) && !/[)}\n]$/.test(stack)) return true
  return (
    (/^\s+at [^)]*$/.test(last) && !/:\d+(?::\d+)?\s*$/.test(last)) ||
    /(?:\.\.\.|…)(?: ?(?:truncated|cut|\d+ (?:bytes|characters)).*)?$/.test(last)
  )
}
