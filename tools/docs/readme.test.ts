import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { findFiles, root } from '../lib/workspace.ts'

const readme = readFileSync(`${root}/README.md`, 'utf8')

test('each guarantee in the README names tests that are there', () => {
  const [, table = ''] = /\n## Guarantees\n([^]*?)\n## /.exec(readme) ?? []
  const rows = table.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| what '))
  assert.ok(rows.length > 10, 'the table was not found')
  for (const row of rows) {
    const shown = row.split('|').at(-2) ?? ''
    const names = [...shown.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '')
    assert.ok(names.length > 0, row)
    for (const name of names.filter((each) => !each.startsWith('npm '))) {
      const [, folder] = /`(worker|server)\/test\//.exec(shown) ?? []
      const file = name.includes('/') ? `packages/${name}.test.ts` : `packages/${folder}/test/${name}.test.ts`
      assert.equal(findFiles(file).length, 1, `${file} is not there`)
    }
  }
})

test('every npm script that the words name exists', () => {
  const { scripts } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { scripts: Record<string, string> }
  for (const file of findFiles('*.md', 'docs/**/*.md', 'examples/**/*.md')) {
    for (const [, name = ''] of readFileSync(`${root}/${file}`, 'utf8').matchAll(/\bnpm run (?:-s )?([a-z][a-z:]*)/g)) {
      assert.ok(Object.hasOwn(scripts, name), `${file}: npm run ${name}`)
    }
  }
})
