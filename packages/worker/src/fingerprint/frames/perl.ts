import type { Frame, StackParser } from '../parsed.ts'

/** `text at file.pl line 7.` and Carp's `\tPackage::fn(args) called at file.pl line 7`. */
export const parsePerl: StackParser = (lines) => {
  const head: string[] = []
  const frames: Frame[] = []
  for (const line of lines) {
    const called = /^\s+(.{1,1000}?) called at (.{1,400}?) line \d+\.?$/.exec(line)
    if (called !== null) {
      const frame = frameOf(called[1] ?? '', called[2] ?? '')
      if (frame !== null) frames.push(frame)
    } else if (frames.length === 0 && line.trim() !== '') {
      const at = /^(.{0,4000}) at (\S{1,400}) line \d+(?:, <[^>]{0,60}> (?:line|chunk) \d+)?\.?$/.exec(line)
      // Carp says the place on a line of its own.
      if (!/^ at \S{1,400} line \d+/.test(line)) head.push(at?.[1] ?? line)
    }
  }
  return [{ errorClass: null, message: head.join('\n') || null, frames }]
}

function frameOf(call: string, file: string): Frame | null {
  if (call.startsWith('eval ') || call.startsWith('require ')) return null
  const paren = call.indexOf('(')
  const full = paren === -1 ? call : call.slice(0, paren)
  const cut = full.lastIndexOf('::')
  if (cut === -1) return null
  return { module: full.slice(0, cut), name: full.slice(cut + 2), inApp: !isLibrary(file) }
}

function isLibrary(file: string): boolean {
  return /\/(?:perl5?|share\/perl|lib\/perl|site_perl|vendor_perl|local\/lib)\//.test(file)
}
