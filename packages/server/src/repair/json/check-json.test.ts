import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkJson } from './check-json.ts'
import { maxJsonBytes, maxJsonDepth } from './limits.ts'
import { Refusal } from './refusal.ts'
import { endOfValue, rootOf, skipSpace } from './walk.ts'

function problem(text: string | Buffer): { readonly message: string; readonly position: number | null } | null {
  try {
    checkJson(Buffer.from(text as string))
    return null
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error))
    return { message: error.message, position: error.position }
  }
}

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const pieces = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '"a"',
  '\\',
  '\\u00e9',
  '\\ud800',
  ' ',
  '\n',
  '\t',
  '\u0001',
  '-',
  '0',
  '12',
  '.',
  'e',
  'E+',
  'true',
  'false',
  'null',
  'nul',
  'ü',
  '😀',
  '\u00a0',
  '/',
  'NaN',
]

test('it takes what JSON.parse takes and nothing else', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), (parts) => {
      const text = parts.join('')
      assert.equal(problem(text) === null, parses(text), JSON.stringify(text))
    }),
    { numRuns: 30_000 },
  )
  fc.assert(fc.property(fc.json({ maxDepth: 6 }), (text) => assert.equal(problem(text), null)))
})

test('a document with one byte changed is judged as JSON.parse judges it', () => {
  const arbitrary = fc.tuple(fc.json({ maxDepth: 4 }), fc.nat(), fc.constantFrom(...pieces))
  fc.assert(
    fc.property(arbitrary, ([text, where, piece]) => {
      const at = where % (text.length + 1)
      const changed = text.slice(0, at) + piece + text.slice(at + 1)
      if (changed.isWellFormed()) assert.equal(problem(changed) === null, parses(changed), JSON.stringify(changed))
    }),
    { numRuns: 10_000 },
  )
})

test('what is wrong is said with its position', () => {
  const cases: readonly (readonly [string | Buffer, number, RegExp])[] = [
    ['', 0, /ends/],
    ['{"a":1', 6, /comma or }/],
    ['{"a":1}}', 7, /follows/],
    ['[1,]', 3, /missing/],
    ['{"a" 1}', 5, /colon/],
    ['{a:1}', 1, /key/],
    ['["\u0001"]', 2, /control/],
    ['["\\x"]', 2, /escape/],
    ['["\\u12g4"]', 2, /hexadecimal/],
    ['[01]', 2, /comma or \]/],
    ['[1.]', 3, /number/],
    ['["abc', 1, /does not end/],
    ['\ufeff{}', 0, /byte order mark/],
    [Buffer.from([0x22, 0x61, 0xff, 0x22]), 2, /UTF-8/],
    [Buffer.concat([Buffer.from('{"ü":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]), 7, /UTF-8/],
    // A surrogate as bytes, and a character written longer than need be.
    [Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 1, /UTF-8/],
    [Buffer.from([0x22, 0xc0, 0xaf, 0x22]), 1, /UTF-8/],
  ]
  for (const [text, position, message] of cases) {
    const found = problem(text)
    assert.ok(found, String(text))
    assert.match(found.message, message, String(text))
    assert.equal(found.position, position, `${String(text)}: ${found.message}`)
  }
})

test('depth and size are bounded, without a stack of calls', () => {
  assert.equal(problem('['.repeat(maxJsonDepth) + ']'.repeat(maxJsonDepth)), null)
  assert.match(problem('['.repeat(maxJsonDepth + 1))?.message ?? '', /nested/)
  assert.match(problem('{"a":'.repeat(1_000_000))?.message ?? '', /nested/)
  assert.match(problem(Buffer.alloc(maxJsonBytes + 1, 0x20))?.message ?? '', /MiB/)
})

test('the end of a value is found past strings with brackets, quotes and backslashes', () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 5, noUnicodeString: false }),
      fc.constantFrom('', ' ', '\n\t'),
      (value, space) => {
        const text = Buffer.from(`${space}${JSON.stringify(value, null, space)}${space}`)
        assert.deepEqual(rootOf(text), { at: space.length, end: text.length - space.length })
      },
    ),
  )
  const tricky = Buffer.from('{"a\\"}":["}\\\\",{"b":"]"}] } ,')
  assert.equal(endOfValue(tricky, 0), tricky.length - 2)
  assert.equal(skipSpace(Buffer.from('  '), 0), 2)
})
