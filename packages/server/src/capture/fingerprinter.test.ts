import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FingerprintInput, fingerprint } from '@redrive/worker/fingerprint'
import fc from 'fast-check'
import { fingerprinter } from './fingerprinter.ts'

const piece = fc.oneof(
  fc.bigInt({ min: 0n, max: 10n ** 14n }).map(String),
  fc.constantFrom(
    'order ',
    'code=',
    'status ',
    'errno ',
    '/rates/',
    'http://a:8080/',
    '"',
    "'",
    '-',
    '_',
    '#',
    '0x',
    'a',
    'f',
    '.',
    ':',
    ' ms',
    '@',
    '{',
    '=',
    '}',
    '\n',
    ' at ',
  ),
  fc.string({ maxLength: 6 }),
)
const text = fc.array(piece, { maxLength: 12 }).map((parts) => parts.join(''))
const stack = fc.option(
  text.map(
    (words) =>
      `Error: ${words}\n    at load (/app/src/orders.ts:12:7)\n    at run${words.replaceAll(/\W/g, '').slice(0, 9)} (/app/main.js:1:2)`,
  ),
  { nil: null },
)
const input: fc.Arbitrary<FingerprintInput> = fc.record({
  queue: fc.constantFrom('orders', 'orders1234567'),
  consumer: fc.option(text, { nil: null }),
  tier: fc.constantFrom('transient', 'unknown'),
  errorClass: fc.constantFrom(null, 'TypeError', 'E1234567'),
  message: fc.option(text, { nil: null }),
  stack,
  reason: fc.constantFrom(null, 'rejected'),
})

const otherDigits = (value: string | null): string | null =>
  value &&
  value.replaceAll(/(?<=[ =:"'(-])(?<!at )\d{7,}(?!\w)/g, (digits) =>
    digits.replaceAll(/\d/g, (digit) => String((Number(digit) + 3) % 10)),
  )

test('what is remembered is what would be computed, however the long numbers differ', () => {
  const remembering = fingerprinter()
  fc.assert(
    fc.property(input, (given) => {
      const twin = { ...given, message: otherDigits(given.message), stack: otherDigits(given.stack) }
      remembering(given)
      for (const one of [given, twin]) assert.equal(remembering(one).key, fingerprint(one).key)
    }),
    {
      numRuns: 3_000,
      examples: [
        [
          {
            queue: 'q',
            consumer: null,
            tier: 'unknown',
            errorClass: null,
            message: '0:::1000000',
            stack: null,
            reason: null,
          },
        ],
        [
          {
            queue: 'q',
            consumer: null,
            tier: 'unknown',
            errorClass: null,
            message: ` ${'1'.repeat(600)}`,
            stack: null,
            reason: null,
          },
        ],
      ],
    },
  )
})

test('texts that only differ in where one ends and the next begins are told apart', () => {
  const remembering = fingerprinter()
  const base = { queue: 'q', consumer: null, stack: null }
  const one = remembering({ ...base, errorClass: 'AError', message: 'Bfailed' })
  const other = remembering({ ...base, errorClass: 'AErrorB', message: 'failed' })
  assert.notEqual(one.key, other.key)
})

test('a long number in the name of a consumer or a queue is part of the name', () => {
  const remembering = fingerprinter()
  const base = { queue: 'q', consumer: '5790889257107', errorClass: 'AError', message: 'failed', stack: null }
  assert.notEqual(remembering(base).key, remembering({ ...base, consumer: '5790889257108' }).key)
  assert.notEqual(remembering(base).key, remembering({ ...base, queue: '1234567' }).key)
  assert.equal(
    remembering({ ...base, consumer: '5790889257108' }).key,
    fingerprint({ ...base, consumer: '5790889257108' }).key,
  )
})
