import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { exitCodeHelp } from '../../packages/server/src/cli/exit-codes.ts'
import { run, script } from '../lib/run.ts'
import { root } from '../lib/workspace.ts'

const page = readFileSync(`${root}/docs/cli.md`, 'utf8')
/** On nearly every command; the page says so once. */
const common: ReadonlySet<string> = new Set(['--help', '--json', '--data <folder>'])

test('docs/cli.md has every command of the program, with its arguments and options, and no other', async () => {
  const found = await commands()
  assert.deepEqual(Object.keys(sections()).toSorted(), found.map(({ usage }) => usage).toSorted())
  for (const { usage, options } of found) {
    const section = sections()[usage] ?? ''
    const own = options.filter((option) => !common.has(option))
    for (const option of own) assert.ok(section.includes(`\`${option}\``), `${usage} does not list ${option}`)
    const listed = [...section.matchAll(/`(--[a-z-]+(?: <[a-z]+>)?)`/g)].map(([, option]) => option ?? '')
    const names = new Set(options.map((option) => option.split(' ')[0]))
    for (const option of listed) assert.ok(names.has(option.split(' ')[0]), `${usage} has no ${option}`)
  }
})

test('docs/cli.md has the exit statuses of the program', () => {
  const rows = [...page.matchAll(/^\| (\d+) \| (.+) \|$/gm)].map(([, code, meaning]) => [Number(code), meaning])
  assert.deepEqual(
    rows,
    exitCodeHelp.map(([code, meaning]) => [code, meaning]),
  )
})

interface CommandHelp {
  /** `redrive letters [query...]`, without `[options]` */
  readonly usage: string
  readonly options: readonly string[]
}

async function commands(): Promise<CommandHelp[]> {
  const { output } = await run(script('tools/docs/all-helps.ts'), { quiet: true })
  return Object.values(JSON.parse(output) as Record<string, string>).map((help) => {
    const usage = /^Usage: (.+)$/m.exec(help)?.[1] ?? ''
    const options = [...help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+(?: <[a-z]+>)?)/gm)].map(([, option]) => option ?? '')
    return { usage: usage.replace(' [options]', ''), options }
  })
}

/** Sections on commands, by their headings. */
function sections(): Record<string, string> {
  const all = page.split(/^## /m).slice(1)
  const titled = all.map((section) => [section.slice(0, section.indexOf('\n')), section] as const)
  return Object.fromEntries(titled.filter(([title]) => title.startsWith('redrive ')))
}
