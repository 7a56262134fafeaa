import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { issuesIn, parseConfig } from '../../packages/server/src/config/index.ts'
import { run, script } from '../lib/run.ts'
import { root } from '../lib/workspace.ts'

const pages = ['README.md', ...globSync('docs/**/*.md', { cwd: root })].map((file) => ({
  file,
  text: readFileSync(`${root}/${file}`, 'utf8'),
}))

test('every command in the documentation is one, with options that it has', async () => {
  const { output } = await run(script('tools/docs/all-helps.ts'), { quiet: true })
  const helps = Object.values(JSON.parse(output) as Record<string, string>).map((help) => ({
    words: (/^Usage: redrive ([a-z ]*)/m.exec(help)?.[1] ?? '').trim(),
    options: new Set([...help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option)),
  }))
  const typed = pages.flatMap(({ file, text }) => [...typedIn(text)].map((line) => ({ file, line })))
  const wrong = typed.flatMap(({ file, line }) => {
    const of = helps
      .filter(({ words }) => words !== '' && `${line} `.startsWith(`${words} `))
      .toSorted((a, b) => b.words.length - a.words.length)[0]
    if (of === undefined) return [`${file}: there is no command: redrive ${line}`]
    return [...withoutTexts(line).matchAll(/(?:^|\s)(--[a-z-]+)/g)].flatMap(([, option]) =>
      of.options.has(option) ? [] : [`${file}: redrive ${of.words} has no ${option}`],
    )
  })
  assert.deepEqual(wrong, [])
  assert.ok(typed.length > 150, `only ${typed.length} commands were found`)
})

test("nobody is told to fetch the program by a name that is anybody's on npm", () => {
  const others = globSync(['packages/*/README.md', 'examples/**/*.md'], { cwd: root, exclude: ['**/node_modules'] })
  const told = [...pages, ...others.map((file) => ({ file, text: readFileSync(`${root}/${file}`, 'utf8') }))]
  for (const { file, text } of told)
    for (const [block] of text.matchAll(/^```.*?^```$/gms))
      assert.doesNotMatch(block, /\b(?:npx|npm (?:exec|i|install)) (?:-\S+ )*@?redrive\b/, file)
})

test('every configuration in the documentation is right', () => {
  let found = 0
  for (const { file, text } of pages) {
    for (const [, block = ''] of text.matchAll(/^```yaml\n(.*?)^```$/gms)) {
      if (
        !/^(?:#.*\n)*(?:data|database|http|brokers|queues|notifiers|alerts|review|retention|archive|causes|tiers|heartbeat):/.test(
          block,
        )
      )
        continue
      found += 1
      // A part of a file may name notifiers of another part, and files that are not there.
      const wrong = mistakes(block).filter((message) => !/there is no notifier|cannot be read/.test(message))
      assert.deepEqual(wrong, [], `${file}:\n${block}`)
    }
  }
  assert.ok(found > 10, `only ${found} configurations were found`)
})

/** Lines of blocks, and code within a text, behind the word `redrive`; not what stands for several commands. */
function* typedIn(text: string): Generator<string> {
  const fenced = /^```.*?^```$/gms
  for (const [block] of text.matchAll(fenced))
    for (const [, typed = ''] of block.matchAll(/^\s*(?:\$ )?(?:npm run -s )?redrive (?:-- )?([a-z].*)$/gm))
      yield withoutNote(typed)
  for (const [, typed = ''] of text.replaceAll(fenced, '').matchAll(/`(?:npm run -s )?redrive (?:-- )?([a-z][^`]*)`/g))
    if (!/^[a-z ]*[a-z]*[|…]/.test(typed)) yield withoutNote(typed)
}

function withoutNote(typed: string): string {
  return typed.replace(/\s+#.*$/, '').trim()
}

/** What stands in quotes, behind `--` or in the next program is no option. */
function withoutTexts(typed: string): string {
  return typed.replaceAll(/'[^']*'|"[^"]*"/g, "''").replace(/ (?:--|\|) .*$/, '')
}

function mistakes(block: string): readonly string[] {
  try {
    parseConfig(block, { file: 'redrive.yaml', env: new Proxy({}, { get: (_, name) => valueOf(String(name)) }) })
    return []
  } catch (error) {
    const issues = issuesIn(error)
    if (issues.length === 0) throw error
    return issues.map(({ line, path, message }) => `${line} ${path}: ${message}`)
  }
}

function valueOf(name: string): string | undefined {
  if (name.startsWith('REDRIVE_')) return undefined
  if (name.includes('SECRET')) return `whsec_${'a'.repeat(40)}`
  return /URL|WEBHOOK|BEAT/.test(name) ? 'https://place.example/' : 'a'.repeat(32)
}
