import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { numbersIn } from './history.ts'

test('a sink is read on where it was left, also within a line', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'redrive-sink-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const sink = path.join(folder, 'sink.jsonl')
  const numbers = numbersIn(sink)
  assert.deepEqual([...numbers()], [])
  appendFileSync(sink, '{"n":1}\n{"n":2}\n{"n"')
  assert.deepEqual([...numbers()], [1, 2])
  appendFileSync(sink, ':3}\n{"n":2}\n')
  assert.deepEqual([...numbers()], [1, 2, 3])
  // More than is read at once.
  appendFileSync(sink, Array.from({ length: 20_000 }, (_, n) => `{"n":${n}}\n`).join(''))
  assert.equal(numbers().size, 20_000)
})
