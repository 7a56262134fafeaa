import { styleText } from 'node:util'
import { safeLine } from './safe-text.ts'

/** Where a command writes and how. Data goes to `out`, everything said to people to `say`. */
export interface Output {
  /** The answer as it came, for programs. */
  readonly json: boolean
  readonly terminal: boolean
  out(text: string): void
  say(text: string): void
  paint(color: Color, text: string): string
}

export type Color = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

export function terminalOutput(options: { readonly json: boolean }): Output {
  const terminal = process.stdout.isTTY === true
  const colored = terminal && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb'
  return {
    json: options.json,
    terminal,
    out(text) {
      process.stdout.write(`${text}\n`)
    },
    say(text) {
      process.stderr.write(`${text}\n`)
    },
    paint: (color, text) => (colored ? styleText(color, text, { validateStream: false }) : text),
  }
}

export interface Column<Row> {
  readonly title: string
  readonly value: (row: Row) => string | number | null
  readonly align?: 'right'
  /** Cut longer values on a terminal; never when piped. */
  readonly max?: number
}

/** A table on a terminal, tab-separated values without cutting when piped. Values are made safe here. */
export function printTable<Row>(output: Output, rows: readonly Row[], columns: readonly Column<Row>[]): void {
  const cells = rows.map((row) => columns.map(({ value }) => safeLine(String(value(row) ?? '–'))))
  if (!output.terminal) {
    output.out(columns.map(({ title }) => title).join('\t'))
    for (const row of cells) output.out(row.join('\t'))
    return
  }
  const cut = cells.map((row) => row.map((cell, index) => shorten(cell, columns[index]?.max ?? 80)))
  const widths = columns.map(({ title }, index) => Math.max(title.length, ...cut.map((row) => row[index]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) =>
        columns[index]?.align === 'right' ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0),
      )
      .join('  ')
      .trimEnd()
  output.out(output.paint('dim', line(columns.map(({ title }) => title))))
  for (const row of cut) output.out(line(row))
}

/** `3 min`, `2 h`, `5 d`: how long ago, for people. */
export function ago(time: string | null, nowMs: number): string {
  return time === null ? '–' : lasting((nowMs - Date.parse(time)) / 1_000)
}

/** The same until a time that is still to come. */
export function ahead(time: string | null, nowMs: number): string {
  return time === null ? '–' : `in ${lasting((Date.parse(time) - nowMs) / 1_000)}`
}

function lasting(exactSeconds: number): string {
  const seconds = Math.max(0, Math.round(exactSeconds))
  if (seconds < 90) return `${seconds} s`
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`
  if (seconds < 129_600) return `${Math.round(seconds / 3_600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

export function size(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`
  if (bytes < 1_024 ** 2) return `${(bytes / 1_024).toFixed(1)} KB`
  if (bytes < 1_024 ** 3) return `${(bytes / 1_024 ** 2).toFixed(1)} MB`
  return `${(bytes / 1_024 ** 3).toFixed(1)} GB`
}

function shorten(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`
}
