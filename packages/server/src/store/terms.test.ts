import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { termHash, termsOf, wordsOf } from './terms.ts'

test('every word a search is made of is among the terms of a short text', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 12 }), { maxLength: 12 }), (parts) => {
      const text = parts.join(' ').toWellFormed()
      const terms = new Set(termsOf(Buffer.from(text, 'utf8')))
      return terms.size >= 32 || wordsOf(text).every((word) => terms.has(termHash(word)))
    }),
    { numRuns: 500 },
  )
})

test('ids come before words, the key before the body, and nothing is unbounded', () => {
  const body = `${'lorem'.repeat(1)} ${Array.from({ length: 100 }, (_, n) => `word${'abcdefghij'[n % 10]}${'klmnopqrst'[Math.floor(n / 10)]}`).join(' ')} order-4711`
  const terms = termsOf('customer-99', Buffer.from(body))
  assert.equal(terms.length, 32)
  assert.ok(terms.includes(termHash('order-4711')))
  assert.ok(terms.includes(termHash('customer-99')))
  assert.equal(termsOf(Buffer.from(Array.from({ length: 1000 }, (_, n) => `id${n}`).join(','))).length, 32)
  assert.deepEqual(termsOf(null, undefined, '', 'ab'), [])
})

test('case does not matter, punctuation divides', () => {
  assert.deepEqual(wordsOf('Order-4711: user@example.com, ETIMEDOUT ab'), [
    'order-4711',
    'user',
    'example',
    'com',
    'etimedout',
  ])
  assert.equal(termHash('ETIMEDOUT'), termHash('etimedout'))
  assert.equal(termHash('a'), 0xe40c292c | 0)
})
