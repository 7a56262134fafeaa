import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { findFiles, root } from '../lib/workspace.ts'

const listFile = 'packages/worker/src/errors.ts'

test('docs/errors.md has the codes of errors.ts, in alphabetical order, each with what it means and what to do', () => {
  const page = readFileSync(`${root}/docs/errors.md`, 'utf8')
  const sections = page.split(/^## /m).slice(1)
  const titles = sections.map((section) => section.slice(0, section.indexOf('\n')).trim())
  assert.deepEqual(titles, codes().toSorted())
  for (const section of sections) assert.match(section, /\*\*Means\*\* \S[^]*\*\*Do\*\* \S/)
})

test('every code is raised somewhere', () => {
  const sources = findFiles('packages/*/src/**/*.ts').filter(
    (file) => file !== listFile && !file.endsWith('.test.ts') && !file.includes('/testing/'),
  )
  const text = sources.map((file) => readFileSync(`${root}/${file}`, 'utf8')).join('\n')
  assert.deepEqual(
    codes().filter((code) => !text.includes(`'${code}'`)),
    [],
  )
})

function codes(): string[] {
  const source = readFileSync(`${root}/${listFile}`, 'utf8')
  const union = /export type ErrorCode =([^]*?)\n\n/.exec(source)?.[1] ?? ''
  const found = [...union.matchAll(/'([A-Z_]+)'/g)].map(([, code]) => code ?? '')
  assert.ok(found.length > 10, 'the list of codes was not found')
  return found
}
