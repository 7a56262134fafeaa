import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { findFiles, root } from '../lib/workspace.ts'
import { type Lock, missingPlatformPackages } from './lock-complete.ts'

test('a platform package that a lock lacks is named', () => {
  const packages = {
    'node_modules/tool': {
      optionalDependencies: { 'tool-linux': '1.0.0', 'tool-darwin': '1.0.0', 'tool-win': '1.0.0' },
    },
    'node_modules/tool-linux': {},
    'node_modules/tool/node_modules/tool-win': {},
  }
  assert.deepEqual(missingPlatformPackages({ packages }), ['tool-darwin@1.0.0, which node_modules/tool wants'])
})

for (const file of findFiles('package-lock.json', 'tools/*/package-lock.json')) {
  test(`${file} holds the packages of every platform`, () => {
    const lock = JSON.parse(fs.readFileSync(path.join(root, file), 'utf8')) as Lock
    assert.deepEqual(missingPlatformPackages(lock), [])
    assert.doesNotMatch(JSON.stringify(lock), /"resolved":"https?:/, 'a lock names no registry')
  })
}
