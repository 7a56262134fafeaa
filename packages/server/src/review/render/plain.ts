import type { Review } from '../review.ts'
import type { Block } from './block.ts'
import { blocksOf } from './blocks.ts'
import { oneLine } from './one-line.ts'

const widest = 60

/** For a terminal: nothing in it moves a cursor or colours anything. */
export function reviewText(review: Review): string {
  return `${blocksOf(review).map(textOf).join('\n\n')}\n`
}

function textOf(block: Block): string {
  if (block.kind === 'heading') {
    const line = oneLine(block.text)
    return `${line}\n${(block.level === 1 ? '=' : '-').repeat(line.length)}`
  }
  if (block.kind === 'text') return oneLine(block.text)
  if (block.kind === 'list') {
    return block.items
      .map(({ text, command }, at) => {
        const number = `${at + 1}. `
        return `${number}${oneLine(text)}${command === null ? '' : `\n${' '.repeat(number.length)}${oneLine(command)}`}`
      })
      .join('\n')
  }
  const rows = [block.columns.map(({ title }) => title), ...block.rows].map((cells) => cells.map(cut))
  const widths = block.columns.map((_, at) => Math.max(...rows.map((cells) => cells[at]?.length ?? 0)))
  return rows
    .map((cells) =>
      cells
        .map((text, at) =>
          block.columns[at]?.isNumber === true ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function cut(text: string): string {
  const line = oneLine(text)
  return line.length <= widest ? line : `${line.slice(0, widest - 1).toWellFormed()}…`
}
