import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { headersFromTable, tableFromHeaders } from './headers.ts'

interface Codec {
  encodeTable(buffer: Buffer, table: object, offset: number): number
  decodeFields(bytes: Buffer): Record<string, unknown>
}

const require = createRequire(import.meta.url)
const codec = require(join(dirname(require.resolve('amqplib')), 'lib/codec.js')) as Codec

/** Through the client's own encoder and decoder, as on the way to the broker and back. */
function onTheWire(table: object): Record<string, unknown> {
  const buffer = Buffer.alloc(65_536)
  const length = codec.encodeTable(buffer, table, 0)
  return codec.decodeFields(Buffer.from(buffer.subarray(4, length)))
}

const show = (headers: ReturnType<typeof headersFromTable>): unknown =>
  headers.map(({ name, value, type }) => [name, value === null ? null : Buffer.from(value).toString('latin1'), type])

test('text, bytes, empty and null keep their difference', () => {
  const headers = [
    { name: 'text', value: Buffer.from('été') },
    { name: 'empty', value: Buffer.alloc(0) },
    { name: 'bytes', value: Buffer.from([0xff, 0, 0xc3]) },
    { name: 'null', value: null },
  ]
  const table = onTheWire(tableFromHeaders(headers))
  assert.equal(table['text'], 'été')
  assert.deepEqual(show(headersFromTable(table)), show(headers))
})

test('what is neither text nor bytes is JSON and comes back as it was', () => {
  const table = {
    count: 5,
    long: 2 ** 51,
    half: 1.5,
    huge: 1e300,
    yes: true,
    when: { '!': 'timestamp', value: 1_795_336_000 },
    price: { '!': 'decimal', value: { places: 2, digits: 1999 } },
    text: Buffer.from('a byte array that could be text'),
    list: ['a', 1, { k: 'v', none: null, bytes: Buffer.from([0xff]) }],
    'x-death': [{ count: 1, reason: 'rejected', time: { '!': 'timestamp', value: 5 }, 'routing-keys': ['orders'] }],
  }
  const there = onTheWire(table)
  assert.deepEqual(onTheWire(tableFromHeaders(headersFromTable(there))), there)
  const death = headersFromTable(there).find(({ name }) => name === 'x-death')
  assert.equal(death?.type, 'json')
  assert.deepEqual(JSON.parse(Buffer.from(death?.value ?? []).toString()), table['x-death'])
})

test('a table that has a key "!" is not taken for a marker', () => {
  for (const inner of [
    { '!': 'timestamp', value: 'x' },
    { '!': 'nonsense' },
    { '!': null, a: 1 },
    { '!': 'bytes', base64: 'AA==' },
  ]) {
    const table = { evil: Object.create(inner) as object }
    const there = onTheWire(table)
    assert.deepEqual(there['evil'], inner)
    assert.deepEqual(onTheWire(tableFromHeaders(headersFromTable(there))), there)
  }
})

test('any JSON at all can be encoded', () => {
  const json = fc.oneof(
    fc.jsonValue(),
    fc.record({
      '!': fc.oneof(fc.string(), fc.constantFrom('timestamp', 'decimal', 'bytes', 'double', 'table')),
      value: fc.jsonValue(),
    }),
  )
  fc.assert(
    fc.property(json, (value) => {
      const header = { name: 'h', value: Buffer.from(JSON.stringify(value)), type: 'json' as const }
      onTheWire(tableFromHeaders([header]))
    }),
  )
})

test('any table survives a trip through headers', () => {
  const leaf = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.integer(),
    // Marked, because amqplib takes a bare double above 2^50 for an integer.
    fc
      .double({ noNaN: true, noInteger: true, noDefaultInfinity: true })
      .map((each) => ({ '!': 'double', value: each })),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  )
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(name, tie('value'), { maxKeys: 4 }),
    ),
  }))
  fc.assert(
    fc.property(fc.dictionary(name, value), (table) => {
      const there = onTheWire(table)
      assert.deepEqual(onTheWire(tableFromHeaders(headersFromTable(there))), there)
    }),
  )
})

const name = fc.string({ unit: 'grapheme-ascii', maxLength: 20 }).filter((each) => each !== '!' && each !== '__proto__')

test('deep nesting is cut, not followed', () => {
  let deep: unknown = 'bottom'
  for (let level = 0; level < 5_000; level++) deep = [deep]
  const [header] = headersFromTable({ deep })
  assert.ok((header?.value?.byteLength ?? 0) < 1_000)
  assert.doesNotThrow(() => tableFromHeaders(header === undefined ? [] : [header]))
})

test('a name that is there twice is refused', () => {
  const twice = { name: 'a', value: null }
  assert.throws(() => tableFromHeaders([twice, twice]), RangeError)
})
