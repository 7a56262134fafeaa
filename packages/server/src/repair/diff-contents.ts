import { isUtf8 } from 'node:buffer'
import { decodeHeaders } from '../store/header-list.ts'
import type { VersionContent } from '../store/letter-versions.ts'
import { type DiffLine, diffLines } from './diff-lines.ts'
import { checkJson } from './json/check-json.ts'
import { jsonLines, shortened } from './json/json-lines.ts'
import { Refusal } from './json/refusal.ts'

/** How one part of a letter differs between two versions. Text of letters is hostile and not escaped. */
export interface PartDiff {
  readonly part: 'key' | 'headers' | 'body'
  /** What the bytes were laid out as: JSON with a value a line, text, or hexadecimal with 16 bytes a line. */
  readonly as: 'json' | 'text' | 'hex'
  /** `@` stands for lines that are left out: the same in both, or beyond the limit. */
  readonly lines: readonly (DiffLine | { readonly sign: '@'; readonly text: string })[]
}

/** Most lines that are compared, and most bytes that are shown as hexadecimal. */
const maxLines = 20_000
const maxHexBytes = 64 * 1024
const context = 3

/** The parts that differ, key first. @param maxShown most lines of each @default 400 */
export function diffContents(a: VersionContent, b: VersionContent, maxShown = 400): readonly PartDiff[] {
  const parts: PartDiff[] = []
  const add = (part: PartDiff['part'], views: Views): void => {
    parts.push({ part, as: views.as, lines: folded(diffLines(views.a, views.b), maxShown) })
  }
  if (!same(a.key, b.key)) add('key', viewsOf(a.key, b.key))
  if (!a.headers.equals(b.headers)) add('headers', { as: 'text', a: headerLines(a.headers), b: headerLines(b.headers) })
  if (!same(a.body, b.body)) add('body', viewsOf(a.body, b.body))
  return parts
}

interface Views {
  readonly as: PartDiff['as']
  readonly a: readonly string[]
  readonly b: readonly string[]
}

/** The first way to lay both out that shows a difference. */
function viewsOf(a: Buffer | null, b: Buffer | null): Views {
  for (const [as, lay] of [
    ['json', jsonView],
    ['text', textView],
  ] as const) {
    const [before, after] = [a === null ? [nothing] : lay(a), b === null ? [nothing] : lay(b)]
    if (before !== null && after !== null && before.join('\n') !== after.join('\n')) return { as, a: before, b: after }
  }
  return { as: 'hex', a: a === null ? [nothing] : hexView(a), b: b === null ? [nothing] : hexView(b) }
}

const nothing = '(none)'

function jsonView(bytes: Buffer): string[] | null {
  try {
    checkJson(bytes)
    return jsonLines(bytes, maxLines)
  } catch (error) {
    if (error instanceof Refusal) return null
    throw error
  }
}

function textView(bytes: Buffer): string[] | null {
  if (!isUtf8(bytes) || bytes.includes(0)) return null
  const lines = bytes.toString('utf8').split('\n')
  return lines.length > maxLines ? null : lines.map(shortened)
}

function hexView(bytes: Buffer): string[] {
  const lines: string[] = []
  for (let at = 0; at < Math.min(bytes.length, maxHexBytes); at += 16) {
    const row = bytes.subarray(at, at + 16)
    const text = row.toString('latin1').replaceAll(/[^ -~]/g, '.')
    lines.push(
      `${at.toString(16).padStart(8, '0')}  ${row
        .toString('hex')
        .replaceAll(/(..)(?=.)/g, '$1 ')
        .padEnd(47)}  ${text}`,
    )
  }
  if (bytes.length > maxHexBytes) lines.push(`${bytes.length - maxHexBytes} more bytes`)
  return lines
}

function headerLines(bytes: Buffer): string[] {
  return decodeHeaders(bytes).map(({ name, value, type }) => {
    const buffer = value === null ? null : Buffer.from(value)
    const shown =
      buffer === null ? 'null' : isUtf8(buffer) ? buffer.toString('utf8') : `base64 ${buffer.toString('base64')}`
    return shortened(`${name}: ${shown}${type === 'json' ? ' (JSON of the carrier)' : ''}`)
  })
}

function same(a: Buffer | null, b: Buffer | null): boolean {
  return a === null || b === null ? a === b : a.equals(b)
}

/** Only what differs, with a few lines around it. */
function folded(lines: readonly DiffLine[], maxShown: number): PartDiff['lines'] {
  const near = new Uint8Array(lines.length)
  lines.forEach(({ sign }, index) => {
    if (sign !== ' ') near.fill(1, Math.max(0, index - context), index + context + 1)
  })
  const shown: PartDiff['lines'][number][] = []
  let left = 0
  const skip = (): void => {
    if (left > 0) shown.push({ sign: '@', text: left === 1 ? '1 line' : `${left} lines` })
    left = 0
  }
  for (const [index, line] of lines.entries()) {
    if (near[index] === 1 && shown.length < maxShown) {
      skip()
      shown.push(line)
    } else left += 1
  }
  skip()
  return shown
}
