import { createHash } from 'node:crypto'
import { endOfValue } from './walk.ts'

/** Most characters of a line; a longer value is cut and named by its hash, so that two that differ behind the cut look different. */
const maxLine = 400
const maxIndent = 30

/**
 * A document that `checkJson` let pass, a value or a bracket a line, everything as it is written; at most so many lines.
 * @returns `null` when there would be more
 */
export function jsonLines(bytes: Buffer, maxLines: number): string[] | null {
  const lines: string[] = []
  let line = ''
  let depth = 0
  const flush = (): void => {
    lines.push(line)
    line = ' '.repeat(2 * Math.min(depth, maxIndent))
  }
  for (const token of tokensOf(bytes)) {
    if (lines.length >= maxLines) return null
    if (token === '{' || token === '[') {
      line += token
      depth += 1
      flush()
    } else if (token === '}' || token === ']') {
      depth -= 1
      // Nothing inside: the bracket is closed on its own line.
      if (line.trim() === '' && /[{[]$/.test(lines.at(-1) ?? '')) line = lines.pop() ?? ''
      else flush()
      line = line.trim() === '' ? ' '.repeat(2 * Math.min(depth, maxIndent)) + token : line + token
    } else if (token === ',') {
      line += token
      flush()
    } else line += token === ':' ? ': ' : shortened(token)
  }
  lines.push(line)
  return lines
}

export function shortened(text: string): string {
  if (text.length <= maxLine) return text
  return `${text.slice(0, maxLine)}… (${text.length} characters, sha256 ${createHash('sha256').update(text).digest('hex').slice(0, 12)})`
}

function* tokensOf(bytes: Buffer): Generator<string, void> {
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] as number
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) at += 1
    else {
      const end = '{}[],:'.includes(String.fromCharCode(byte)) ? at + 1 : endOfValue(bytes, at)
      yield bytes.toString('utf8', at, end)
      at = end
    }
  }
}
