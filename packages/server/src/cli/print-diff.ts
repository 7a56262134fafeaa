import type { Color, Output } from './output.ts'
import { safeLine } from './safe-text.ts'

export interface PartDiff {
  readonly part: 'key' | 'headers' | 'body'
  readonly as: 'json' | 'text' | 'hex'
  readonly lines: readonly { readonly sign: ' ' | '-' | '+' | '@'; readonly text: string }[]
}

/** Every line is a letter's text: it is made safe here. */
export function printDiff(output: Output, parts: readonly PartDiff[], indent = ''): void {
  for (const { part, as, lines } of parts) {
    output.out(indent + output.paint('bold', as === 'text' ? part : `${part} (${as})`))
    for (const { sign, text } of lines) {
      if (sign === '@') output.out(indent + output.paint('dim', `  … ${safeLine(text)}`))
      else output.out(indent + painted(output, sign, `${sign} ${visible(text)}`))
    }
  }
}

/** Tabs and line breaks are part of what differs. */
const visible = (text: string): string =>
  safeLine(text.replaceAll('\t', '\\u{9}').replaceAll('\r', '\\u{d}').replaceAll('\n', '\\u{a}'))

const colors: Readonly<Record<string, Color>> = { '-': 'red', '+': 'green' }

function painted(output: Output, sign: string, line: string): string {
  const color = colors[sign]
  return color === undefined ? line : output.paint(color, line)
}
