import { styleText } from 'node:util'
import type { DemoNews } from './scenario.ts'

/** Tells the story on stderr: every death and crash, the rest counted, so that a hundred orders stay readable. */
export interface Narrator {
  say(line: string): void
  /** What is to be read as one: lines of foreign text, each made safe. */
  block(lines: readonly string[]): void
  chapter(title: string): void
  /** A command of the office, as it is typed here. */
  typed(command: string): string
  onNews(news: DemoNews): void
}

export function narrator({
  command,
  write = (text) => process.stderr.write(text),
}: {
  /** What is typed for `redrive` here. */
  readonly command: string
  readonly write?: (text: string) => unknown
}): Narrator {
  const colored = process.stderr.isTTY === true && !process.env['NO_COLOR']
  const paint = (color: 'bold' | 'dim' | 'red' | 'yellow' | 'green', text: string): string =>
    colored ? styleText(color, text, { validateStream: false }) : text
  const startedMs = performance.now()
  const say = (line: string): void => {
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1).padStart(5)
    write(`${paint('dim', `${seconds} s`)}  ${line}\n`)
  }
  const typed = (of: string): string => of.replace(/^redrive(?= )/, () => command)
  /** What the office says to type next. */
  const asTyped = (line: string): string =>
    line.replace(/(?<=\b(?:Next|See|to try it): )redrive (?=[a-z])/g, () => `${command} `)
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
    block(lines) {
      for (const line of lines) write(`           ${oneLine(line, mostOfOffice)}\n`)
    },
    chapter: (title) => void write(`\n${paint('bold', title)}\n`),
    typed,
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
      else if (news.kind === 'office') say(`${paint('green', 'office')} ${oneLine(asTyped(news.line), mostOfOffice)}`)
      else if (news.kind === 'trouble') sayFew('trouble', paint('dim', `       ${oneLine(news.message)}`))
    },
  }
}

/** Its lines have the id and what to type at their ends. */
const mostOfOffice = 1_000

function oneLine(text: string, most = 140): string {
  const line = text
    .replaceAll(/[\t\r\n]+/g, ' ')
    .replaceAll(
      /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
      (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
    )
  return line.length > most ? `${line.slice(0, most - 1)}…` : line
}
