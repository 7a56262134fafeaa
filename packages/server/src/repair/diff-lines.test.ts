import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { diffLines } from './diff-lines.ts'
import { jsonLines } from './json/json-lines.ts'

const side = (lines: ReturnType<typeof diffLines>, other: '-' | '+'): readonly string[] =>
  lines.filter(({ sign }) => sign !== other).map(({ text }) => text)

/** By the table that everybody knows. */
function longestCommon(a: readonly string[], b: readonly string[]): number {
  const rows = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1))
  for (let i = 1; i <= a.length; i += 1)
    for (let j = 1; j <= b.length; j += 1)
      (rows[i] as Uint32Array)[j] =
        a[i - 1] === b[j - 1] ? (rows[i - 1]?.[j - 1] ?? 0) + 1 : Math.max(rows[i - 1]?.[j] ?? 0, rows[i]?.[j - 1] ?? 0)
  return rows[a.length]?.[b.length] ?? 0
}

test('a diff holds both texts and is the shortest there is', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 14 })
  fc.assert(
    fc.property(text, text, (a, b) => {
      const lines = diffLines(a, b)
      assert.deepEqual(side(lines, '+'), a)
      assert.deepEqual(side(lines, '-'), b)
      assert.equal(lines.filter(({ sign }) => sign === ' ').length, longestCommon(a, b))
    }),
    { numRuns: 5_000 },
  )
})

test('texts with nothing in common end soon', () => {
  const lines = (prefix: string): string[] => Array.from({ length: 20_000 }, (_, n) => `${prefix}${n}`)
  const startMs = performance.now()
  const diff = diffLines(lines('a'), lines('b'))
  assert.equal(diff.length, 40_000)
  assert.ok(performance.now() - startMs < 5_000)
})

test('a document is laid out in lines with everything as it is written', () => {
  const lines = jsonLines(Buffer.from('{"a":[1.0 , {} ,[ ],"x\\u0041"],"b" : -0}'), 100)
  assert.deepEqual(lines, [
    '{',
    '  "a": [',
    '    1.0,',
    '    {},',
    '    [],',
    '    "x\\u0041"',
    '  ],',
    '  "b": -0',
    '}',
  ])
  assert.deepEqual(jsonLines(Buffer.from(' 1e400 '), 10), ['1e400'])
  assert.equal(jsonLines(Buffer.from(`[${'1,'.repeat(50)}1]`), 20), null)
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const joined = (jsonLines(Buffer.from(JSON.stringify(value)), 10_000) ?? []).join('\n')
      assert.equal(joined, JSON.stringify(value, null, 2))
    }),
  )
})
