import { styleText } from 'node:util'
import type { DemoNews } from './scenario.ts'

/** Tells the story on stderr: every death and crash, the rest counted, so that a hundred orders stay readable. */
export interface Narrator {
  say(line: string): void
  chapter(title: string): void
  onNews(news: DemoNews): void
}

export function narrator(): Narrator {
  const colored = process.stderr.isTTY === true && !process.env['NO_COLOR']
  const paint = (color: 'bold' | 'dim' | 'red' | 'yellow' | 'green', text: string): string =>
    colored ? styleText(color, text, { validateStream: false }) : text
  const startedMs = performance.now()
  const say = (line: string): void => {
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1).padStart(5)
    process.stderr.write(`${paint('dim', `${seconds} s`)}  ${line}\n`)
  }
  const seen = new Map<string, number>()
  /** Each kind of thing is told the first times, then left to the summary. */
  const sayFew = (kind: string, line: string): void => {
    const times = (seen.get(kind) ?? 0) + 1
    seen.set(kind, times)
    if (times <= 2) say(line)
    else if (times === 3) say(paint('dim', `       … more of these`))
  }
  return {
    say,
    chapter: (title) => process.stderr.write(`\n${paint('bold', title)}\n`),
    onNews(news) {
      if (news.kind === 'retried') {
        const line = `retry  ${oneLine(news.errorClass)}: ${oneLine(news.message)}; attempt ${news.attempt} failed, next in ${news.delayMs} ms, the queue goes on`
        sayFew(`retried ${news.errorClass}`, paint('dim', line))
      } else if (news.kind === 'died') {
        const tries = news.attempts === 1 ? '1 attempt' : `${news.attempts} attempts`
        sayFew(
          `died ${news.tier}`,
          `${paint('yellow', 'dead  ')} tier ${news.tier} (${news.reason}) after ${tries}: ${oneLine(news.message) || 'it took its process down'}`,
        )
      } else if (news.kind === 'killed')
        say(`${paint('red', 'killed')} the worker process is gone (${news.how}); a new one starts`)
      else if (news.kind === 'crashed')
        sayFew(
          `crashed ${news.crashes}`,
          `       a process was lost while it held this order (${news.crashes}); it runs alone now`,
        )
      else if (news.kind === 'office') say(`${paint('green', 'office')} ${oneLine(news.line)}`)
      else if (news.kind === 'trouble') sayFew('trouble', paint('dim', `       ${oneLine(news.message)}`))
    },
  }
}

function oneLine(text: string): string {
  const line = text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
  return line.length > 140 ? `${line.slice(0, 139)}…` : line
}
