import type { ErrorLevel, Frame, StackParser } from '../parsed.ts'
import { moduleOfPath } from '../parsed.ts'

/** `file.rb:7:in 'method': message (Class)` and bare backtraces. */
export const parseRuby: StackParser = (lines) => {
  const levels: { head: string; calls: Call[] }[] = []
  for (const line of lines) {
    const bare = line.startsWith('\tfrom ') || line.startsWith('        from ')
    const text = bare ? line.slice(line.indexOf('from ') + 5) : line
    const match = /^(.{1,400}?):(\d{1,7}):in [`'](.{1,200}?)'(?:: (.*))?$/.exec(text)
    if (match === null) {
      const last = levels.at(-1)
      if (last !== undefined && last.calls.length === 1 && last.head !== '') last.head += `\n${line}`
      continue
    }
    const [, file = '', at = '', name = '', head] = match
    if (head !== undefined || levels.length === 0) levels.push({ head: head ?? '', calls: [] })
    levels.at(-1)?.calls.push({ file, at, name })
  }
  return levels.map(({ head, calls }): ErrorLevel => ({ ...headOf(head), frames: framesOf(calls) }))
}

interface Call {
  readonly file: string
  readonly at: string
  readonly name: string
}

function headOf(head: string): { errorClass: string | null; message: string | null } {
  if (head === '') return { errorClass: null, message: null }
  const match = /^([^]*?) ?\(([A-Z][\w:]{0,199})\)(\n[^]*)?$/.exec(head)
  if (match === null) return { errorClass: null, message: head }
  return { errorClass: match[2] ?? null, message: `${match[1]}${match[3] ?? ''}` || null }
}

function framesOf(calls: readonly Call[]): Frame[] {
  const frames: Frame[] = []
  for (const [index, { file, at, name }] of calls.entries()) {
    const caller = calls[index + 1]
    const plain = methodName(name)
    // A method written in C is shown at the place of the Ruby code that called it.
    if (caller !== undefined && caller.file === file && caller.at === at && plain !== methodName(caller.name)) continue
    frames.push({ module: moduleOfPath(file), name: plain, inApp: !isLibrary(file) })
  }
  return frames
}

function methodName(name: string): string {
  const bare = name.replace(/^(?:(?:block|rescue|ensure)(?: \(\d+ levels\))? in )+/, '')
  return bare.startsWith('<') ? bare : bare.slice(Math.max(bare.lastIndexOf('#'), bare.lastIndexOf('.')) + 1)
}

function isLibrary(file: string): boolean {
  return file.startsWith('<') || /\/(?:gems|rubygems|bundler|lib\/ruby|rubies)\//.test(file)
}
