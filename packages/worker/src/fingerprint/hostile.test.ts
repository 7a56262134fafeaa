import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createCauseIndex, fingerprint } from './index.ts'

const scraps = [
  '\tat a.b.C.d(E.java:1)',
  'Caused by: ',
  '... 7 more',
  '    at f (/app/x.js:1:1)',
  '  [cause]: ',
  'Traceback (most recent call last):',
  '  File "/app/a.py", line 1, in f',
  'During handling of the above exception, another exception occurred:',
  "/a.rb:1:in `b': c (D)",
  '#0 /a.php(1): B->c()',
  'Next E: ',
  'goroutine 1 [running]:',
  'main.main()\n\t/a.go:1',
  'Stack backtrace:',
  '   0: a::b',
  ' ---> ',
  '  at A.B (C c) [0x01] in <a>:0',
  '** (A) ',
  '    lib/a.ex:1: A.b/1',
  '\ta::b() called at c line 1',
  '… 9 bytes cut …',
  '\u0000',
  '\ud800',
  '\r',
]
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .array(fc.oneof(fc.constantFrom(...scraps), fc.string({ maxLength: 20 })), { maxLength: 30 })
    .map((lines) => lines.join('\n')),
)
const field = fc.option(text)
const report = fc.record({
  queue: text,
  consumer: field,
  errorClass: field,
  message: field,
  stack: field,
  reason: field,
})

test('takes any input, says the same twice, and what it says is bounded', () => {
  const index = createCauseIndex()
  fc.assert(
    fc.property(report, (input) => {
      const found = fingerprint(input)
      assert.deepEqual(fingerprint({ ...input }), found)
      assert.match(found.key, /^[0-9a-f]{32}$/)
      assert.ok(found.title.length > 0 && found.title.length <= 160)
      assert.ok(!/[\n\u0000]/.test(found.title) && found.title.isWellFormed())
      const said = JSON.stringify([found.shape, found.parts])
      assert.ok(said.isWellFormed() && !said.includes('\\u0000') && !said.includes('\\ud8'))
      assert.ok(JSON.stringify(found.shape).length < 24_000)
      assert.equal(index.assign(found).cause, index.assign(found).cause)
    }),
    { numRuns: 2000 },
  )
})

const megabyte = 1 << 20
const units = [
  '(',
  '((((',
  'a',
  'a.',
  'a-',
  'a_1-',
  '0',
  '0:',
  'f',
  '1.',
  'A1',
  '{',
  '{a=',
  '"',
  "'",
  '`',
  '/',
  '/a',
  'a@',
  'x://a',
  '\\',
  'C:\\',
  '<',
  '[',
  ' ',
  '\t',
  '\n',
  '\tat a.b(',
  '    at a (b:1:1)\n',
  '  File "a", line 1, in b\n',
  ': ',
  'Caused by: ',
  ' ---> ',
  '#1 a(1): ',
  '\ta.go:1\n',
  ' at x line 1',
  "a:1:in `b'",
  '** (',
  'a::',
  '1: a::b\n',
  'block in ',
  'x attempts: ',
  '2026-',
  '-',
  '=',
  'at ',
  'lambda$',
  '$1',
  '<a>',
  'a b ',
  '0x',
  'eyJaaaaaa.',
  'localhost:',
  '1,',
  '+',
]

test('a megabyte of anything is read in less than 50 ms', () => {
  // The first rounds compile. Its own time counts, not what other processes took of the machine meanwhile.
  for (const unit of units) {
    const huge = unit.repeat(Math.ceil(megabyte / unit.length))
    let best = Number.POSITIVE_INFINITY
    for (let round = 0; round < 3 && best >= 50; round += 1) {
      const before = process.cpuUsage()
      fingerprint({ queue: 'q', consumer: null, errorClass: huge, message: huge, stack: huge })
      const { user, system } = process.cpuUsage(before)
      best = Math.min(best, (user + system) / 1_000)
    }
    assert.ok(best < 50, `${JSON.stringify(unit)} took ${best.toFixed(1)} ms`)
  }
})
