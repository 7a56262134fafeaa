import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Message } from '../../message.ts'
import type { JobLike } from './client.ts'
import { dataOf, messageOf } from './envelope.ts'

const createdOn = new Date(1_795_336_939_000)
const job = (data: unknown, more: object = {}): JobLike => ({
  id: 'j-1',
  retryCount: 0,
  priority: 0,
  createdOn,
  data,
  ...more,
})

test('any bytes anywhere come back, and jsonb can hold them', () => {
  const bytes = fc.oneof(
    fc.uint8Array().map((each) => Buffer.from(each)),
    fc.string({ unit: 'binary' }).map((each) => Buffer.from(each)),
  )
  const message = fc.record({
    key: fc.option(bytes),
    body: fc.option(bytes),
    headers: fc.array(
      fc.record({
        name: fc.string({ unit: 'binary' }).map((each) => Buffer.from(each).toString()),
        value: fc.option(bytes),
      }),
    ),
    properties: fc.dictionary(fc.string(), fc.oneof(fc.string({ unit: 'binary' }), fc.integer())),
    timestampMs: fc.nat(),
  })
  fc.assert(
    fc.property(message, (sent) => {
      const text = JSON.stringify(dataOf(sent))
      assert.ok(!text.replaceAll('\\\\', '').includes('\\u0000'), 'no NUL')
      assert.deepEqual(plain(messageOf(job(JSON.parse(text)))), plain(sent))
    }),
    { numRuns: 50 },
  )
})

test('a job of another producer has the JSON text as its body, and goes back as it was', () => {
  const data = { orderId: 'o-77', nested: { list: [1, null, 'é'] } }
  const message = messageOf(
    job(data, { name: 'orders', sourceName: 'orders.dead', sourceOutput: { message: 'down' }, singletonKey: null }),
  )
  assert.equal(Buffer.from(message.body ?? []).toString(), JSON.stringify(data))
  assert.deepEqual(message.properties, {
    id: 'j-1',
    name: 'orders',
    priority: 0,
    retryCount: 0,
    createdOn: createdOn.toISOString(),
    sourceName: 'orders.dead',
    sourceOutput: { message: 'down' },
  })
  assert.deepEqual(dataOf(message), data)
})

test('with a header of ours it goes as an envelope, whose body is still the same', () => {
  const message = messageOf(job({ a: 1 }))
  const there = messageOf(job(dataOf({ ...message, headers: [{ name: 'redrive', value: Buffer.from('{}') }] })))
  assert.deepEqual([String(there.body), there.properties], ['{"a":1}', message.properties])
})

test('what only looks like an envelope is somebody’s data', () => {
  for (const data of [
    { redrive: 1 },
    { redrive: 1, key: null, body: 5, headers: [] },
    { redrive: 1, key: null, body: null, headers: [{ name: null, value: null }] },
    { redrive: 2, key: null, body: null, headers: [] },
    [],
    5,
  ]) {
    assert.equal(String(messageOf(job(data)).body), JSON.stringify(data))
  }
})

test('JSON that would not come back as the same bytes, or that jsonb refuses, goes as an envelope', () => {
  const properties = { createdOn: createdOn.toISOString() }
  for (const text of [
    '{"a": 1}',
    '{"a":1e400}',
    '{"a":"\\u0000"}',
    '{"a":"\\ud800"}',
    '5',
    '{',
    '{"redrive":1,"key":null,"body":null,"headers":[]}',
  ]) {
    const data = dataOf({ key: null, body: Buffer.from(text), headers: [], properties })
    assert.equal((data as { redrive?: unknown }).redrive, 1, text)
    assert.equal(String(messageOf(job(data)).body), text)
  }
})

function plain({ key, body, headers, properties, timestampMs }: Message): unknown {
  const hex = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString('hex'))
  return [hex(key), hex(body), headers.map(({ name, value }) => [name, hex(value)]), { ...properties }, timestampMs]
}
