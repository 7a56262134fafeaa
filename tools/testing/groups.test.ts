import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inGroups } from './groups.ts'

const backoff = 'packages/worker/src/backoff.test.ts'
const heap = 'packages/worker/src/heap.test.ts'
const plan = 'packages/server/test/a-plan-is-frozen.test.ts'
const search = 'packages/server/test/letters-are-searched.test.ts'
const edit = 'packages/server/test/a-letter-is-edited.test.ts'

test('files that import much the same share a process', () => {
  assert.deepEqual(inGroups([plan, backoff, edit, heap], new Map()), [
    [plan, edit],
    [backoff, heap],
  ])
})

test('a file that takes long is alone, and no group takes long', () => {
  const long = new Map([[plan, 8_000]])
  assert.deepEqual(inGroups([plan, edit], long), [[plan], [edit]])
  const together = new Map([backoff, heap].map((file) => [file, 4_001]))
  assert.deepEqual(inGroups([backoff, heap], together), [[backoff], [heap]])
})

test('a file goes where there is room for it, whatever came in between', () => {
  const together = new Map([
    [plan, 5_000],
    [edit, 4_000],
    [search, 3_000],
  ])
  assert.deepEqual(inGroups([plan, edit, search], together), [[plan, search], [edit]])
})

test('tools, files without tests of their own and files that say so are alone', () => {
  const suite = 'packages/worker/src/brokers/memory/conformance.test.ts'
  const loading = 'packages/server/src/notifiers/loading.test.ts'
  const tools = 'tools/testing/groups.test.ts'
  const files = [backoff, suite, loading, tools, tools]
  assert.deepEqual(
    inGroups(files, new Map()),
    files.map((file) => [file]),
  )
})

test('a process has no more than twelve files', () => {
  const many = Array.from({ length: 13 }, () => backoff)
  const quick = new Map([[backoff, 1]])
  assert.deepEqual(
    inGroups(many, quick).map(({ length }) => length),
    [12, 1],
  )
})
