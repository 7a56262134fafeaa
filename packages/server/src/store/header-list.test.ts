import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Header } from '@redrive/worker'
import fc from 'fast-check'
import { decodeHeaders, encodeHeaders } from './header-list.ts'

const header: fc.Arbitrary<Header> = fc
  .record({
    name: fc.oneof(fc.constantFrom('', 'a', 'x-death'), fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })),
    value: fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null }),
    json: fc.boolean(),
  })
  .map(({ name, value, json }) => (json ? { name, value, type: 'json' } : { name, value }))

const plain = (headers: readonly Header[]): unknown =>
  headers.map(({ name, value, type }) => [name, value && [...value], type])

test('a header list comes back as it was: order, duplicates, null, empty, type', () => {
  fc.assert(
    fc.property(fc.array(header, { maxLength: 20 }), (headers) =>
      assert.deepEqual(plain(decodeHeaders(encodeHeaders(headers))), plain(headers)),
    ),
  )
})

test('names that are no Unicode and values of a megabyte come back too', () => {
  const headers: Header[] = [
    { name: '\ud800broken', value: null },
    { name: '\ud800broken', value: Buffer.alloc(0) },
    { name: 'large', value: Buffer.alloc(1024 * 1024, 0) },
  ]
  assert.deepEqual(plain(decodeHeaders(encodeHeaders(headers))), plain(headers))
})

test('damaged bytes are refused, never read beyond', () => {
  const bytes = encodeHeaders([{ name: 'name', value: Buffer.from('value') }])
  for (let end = 0; end < bytes.length; end++) {
    if (end === 1) continue
    assert.throws(() => decodeHeaders(bytes.subarray(0, end)), RangeError, `cut at ${end}`)
  }
  assert.throws(() => decodeHeaders(Buffer.from([2])), RangeError)
})
