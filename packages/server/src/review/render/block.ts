import { number } from '../counted.ts'

/** What a review looks like, whatever it is written in. Texts may come from dead letters: whoever writes them escapes them. */
export type Block =
  | { readonly kind: 'heading'; readonly level: 1 | 2; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'table'; readonly columns: readonly Column[]; readonly rows: readonly (readonly string[])[] }
  | { readonly kind: 'list'; readonly items: readonly Entry[] }

export interface Column {
  readonly title: string
  readonly isNumber: boolean
}

export interface Entry {
  readonly text: string
  readonly command: string | null
}

export function heading(title: string): Block {
  return { kind: 'heading', level: 2, text: title }
}

export function text(line: string): Block {
  return { kind: 'text', text: line }
}

/** Nothing at all where there is nothing to list. */
export function list(items: readonly Entry[]): readonly Block[] {
  return items.length === 0 ? [] : [{ kind: 'list', items }]
}

/** Nothing at all without rows. @param columns titles; those of numbers begin with `#` */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): readonly Block[] {
  if (rows.length === 0) return []
  const titles = columns.map((title) => ({ title: title.replace(/^#/, ''), isNumber: title.startsWith('#') }))
  return [{ kind: 'table', columns: titles, rows }]
}

/** A table under its title. @param shown.count of how many its rows are the first */
export function titled(
  title: string,
  shown: {
    readonly columns: readonly string[]
    readonly rows: readonly (readonly string[])[]
    readonly count?: number
    readonly one: string
  },
): readonly Block[] {
  const { columns, rows, count = rows.length, one } = shown
  if (rows.length === 0) return []
  return [text(`${title}:`), ...table(columns, rows), ...more(count - rows.length, [one, `${one}s`])]
}

/** @param of one and many */
export function more(count: number, [one, many]: readonly [string, string]): readonly Block[] {
  return count > 0 ? [text(`${number(count)} more ${count === 1 ? one : many}.`)] : []
}

export function minute(time: string): string {
  return time.slice(0, 16).replace('T', ' ')
}

export function age(since: string, now: string): string {
  const hours = Math.max(0, Math.floor((Date.parse(now) - Date.parse(since)) / 3_600_000))
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`
}
