import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { saboteurs } from './index.ts'

const root = path.join(import.meta.dirname, '../..')

// Hunting them takes minutes, so that somebody who changes what they break learns of it here.
test('what each saboteur takes out is there to be taken out', () => {
  for (const { name, changes } of saboteurs)
    for (const { file, from } of changes)
      assert.ok(readFileSync(path.join(root, file), 'utf8').includes(from), `${name}: ${file} does not hold\n${from}`)
})
