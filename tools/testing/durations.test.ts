import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { longestFirst, readDurations, writeDurations } from './durations.ts'

test('long files come first; a new one is taken for quick beside its code, and else for longer', () => {
  const durations = new Map([
    ['a/short', 1],
    ['a/src/long', 1_999],
    ['gone', 99_999],
  ])
  const files = ['a/src/new', 'a/short', 'a/test/new', 'a/src/long', 'a/test/newer']
  assert.deepEqual(longestFirst(files, durations), ['a/test/new', 'a/test/newer', 'a/src/long', 'a/src/new', 'a/short'])
})

test('durations are kept; a missing or damaged file knows of none', (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'redrive-durations-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'below', 'durations.json')
  assert.deepEqual(readDurations(file), new Map())
  writeDurations(file, new Map([['a.test.ts', 12.5]]))
  assert.deepEqual(readDurations(file), new Map([['a.test.ts', 12.5]]))
  for (const damaged of ['', '{', 'null', '{"a.test.ts":"12"}']) {
    writeFileSync(file, damaged)
    assert.deepEqual(readDurations(file), new Map(), damaged)
  }
})
