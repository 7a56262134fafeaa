import type { Review } from '../review.ts'
import type { Block } from './block.ts'
import { blocksOf } from './blocks.ts'
import { oneLine } from './one-line.ts'

/** GitHub's Markdown, which chats and trackers take: nothing in it is a link, a mention, a picture or HTML, whatever a letter says. */
export function reviewMarkdown(review: Review): string {
  return `${blocksOf(review).map(markdownOf).join('\n\n')}\n`
}

function markdownOf(block: Block): string {
  if (block.kind === 'heading') return `${'#'.repeat(block.level)} ${escaped(block.text)}`
  if (block.kind === 'text') return escaped(block.text)
  if (block.kind === 'list') {
    return block.items
      .map(({ text, command }) => `1. ${escaped(text)}${command === null ? '' : `\n   ${code(command)}`}`)
      .join('\n')
  }
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    row(block.columns.map(({ title }) => escaped(title))),
    row(block.columns.map(({ isNumber }) => (isNumber ? '--:' : '---'))),
    ...block.rows.map((cells) => row(cells.map(escaped))),
  ].join('\n')
}

/**
 * A colon before a word makes addresses and little pictures, an at sign mentions, and a point after `www` an address too.
 * @see https://github.github.com/gfm/#backslash-escapes and #autolinks-extension-
 */
function escaped(text: string): string {
  return oneLine(text)
    .replaceAll(/[\\`*_{}[\]<>#|~&@!$]|:(?=\S)/g, (character) => `\\${character}`)
    .replaceAll(/www\./gi, (start) => `${start.slice(0, 3)}\\.`)
}

/** Between more backticks than there are anywhere in it. */
function code(text: string): string {
  const line = oneLine(text)
  const fence = '`'.repeat(1 + Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length)))
  return `${fence} ${line} ${fence}`
}
