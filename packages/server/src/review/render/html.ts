import { escapeHtml } from '../../escape-html.ts'
import type { Review } from '../review.ts'
import type { Block } from './block.ts'
import { blocksOf } from './blocks.ts'
import { oneLine } from './one-line.ts'

const style = `body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1d2327}
table{border-collapse:collapse;margin:.5rem 0 1rem}th,td{border-bottom:1px solid #d5d9dd;padding:.25rem .6rem;text-align:left;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}code{background:#f1f3f5;padding:.1rem .3rem;white-space:pre-wrap}`

/** One page that needs nothing else. */
export function reviewHtml(review: Review): string {
  const blocks = blocksOf(review)
  const title = blocks.find(({ kind }) => kind === 'heading')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title?.kind === 'heading' ? escaped(title.text) : ''}</title><style>${style}</style></head>
<body>
${blocks.map(htmlOf).join('\n')}
</body></html>
`
}

function htmlOf(block: Block): string {
  if (block.kind === 'heading') return `<h${block.level}>${escaped(block.text)}</h${block.level}>`
  if (block.kind === 'text') return `<p>${escaped(block.text)}</p>`
  if (block.kind === 'list') {
    const items = block.items.map(
      ({ text, command }) =>
        `<li>${escaped(text)}${command === null ? '' : `<br><code>${escaped(command)}</code>`}</li>`,
    )
    return `<ol>${items.join('')}</ol>`
  }
  const cell = (tag: 'td' | 'th', text: string, at: number): string =>
    `<${tag}${block.columns[at]?.isNumber === true ? ' class="n"' : ''}>${escaped(text)}</${tag}>`
  const row = (tag: 'td' | 'th', cells: readonly string[]): string =>
    `<tr>${cells.map((text, at) => cell(tag, text, at)).join('')}</tr>`
  const titles = block.columns.map(({ title }) => title)
  return `<table><thead>${row('th', titles)}</thead><tbody>${block.rows.map((cells) => row('td', cells)).join('')}</tbody></table>`
}

function escaped(text: string): string {
  return escapeHtml(oneLine(text))
}
