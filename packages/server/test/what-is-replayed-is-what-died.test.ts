import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeWire, type Header, stackHeader, wireHeader } from '@redrive/worker'
import fc from 'fast-check'
import { lane, officeBed, until } from './office-bed.ts'

const plain = (headers: readonly Header[]): unknown =>
  headers.map(({ name, value }) => [name, value === null ? null : Buffer.from(value).toString('hex')])
const ours = ({ name }: Header): boolean => name === wireHeader || name === stackHeader

const header = fc.record({
  name: fc.oneof(fc.constantFrom('tenant', 'trace', 'x'), fc.string({ minLength: 1, maxLength: 12 })),
  value: fc.oneof(fc.constant(null), fc.uint8Array({ maxLength: 40 })),
})
const envelope = fc.record({
  key: fc.oneof(fc.constant(null), fc.uint8Array({ maxLength: 30 })),
  body: fc.uint8Array({ maxLength: 400 }),
  headers: fc.array(
    header.filter((each) => !ours(each)),
    { maxLength: 6 },
  ),
})

test('body, key and own headers go out byte for byte: duplicates, nulls, order', async (t) => {
  const bed = await officeBed(t)
  bed.replayer()
  const envelopes = fc.sample(envelope, { numRuns: 200, seed: 7 })
  await bed.captured(
    ...envelopes.map((each, index) => ({
      ...each,
      id: `letter-${index}`,
      stack: 'Error: x\n    at f (/srv/a.js:1:1)',
    })),
  )
  const run = await bed.replayed({ query: 'queue:orders' })
  assert.equal(run.sends.sent, 200)
  const byId = new Map(bed.messages(lane).map((message) => [decodeWire(message.headers)?.wire.id, message]))
  for (const [index, { key, body, headers }] of envelopes.entries()) {
    const message = byId.get(`letter-${index}`)
    assert.ok(message)
    assert.deepEqual(message.key === null ? null : [...message.key], key === null ? null : [...key])
    assert.deepEqual([...(message.body ?? [])], [...body])
    assert.deepEqual(plain(message.headers.filter((each) => !ours(each))), plain(headers))
    assert.equal(message.headers.filter(({ name }) => name === wireHeader).length, 1)
    assert.equal(message.headers.filter(({ name }) => name === stackHeader).length, 0, 'no stack of an old death')
  }
})

test('JSON is not written again: numbers, order of keys, white space and doubled keys stay', async (t) => {
  const bed = await officeBed(t)
  bed.replayer()
  const bodies = [
    '{ "b": 1.0, "a": 9007199254740993, "b": 1e400 }',
    '[-0, 1E2,\t"\\u0041" ]\n',
    '{"10":1,"9":2,"__proto__":{}}',
    '"\\ud800"',
  ]
  await bed.captured(...bodies.map((body) => ({ body })))
  await bed.replayed({ query: 'queue:orders' })
  const sent = bed.messages(lane).map(({ body }) => Buffer.from(body ?? []).toString())
  assert.deepEqual(sent.toSorted(), bodies.toSorted())
})

test('the failure is taken off, the replay id put on; identity and origin stay', async (t) => {
  const bed = await officeBed(t)
  bed.replayer()
  const [id] = await bed.captured({ id: 'order-17', error: 'secret reason', errorClass: 'OldError' })
  await bed.replayed({ query: 'queue:orders' })
  const [message] = await until('sent', () => (bed.messages(lane).length === 1 ? bed.messages(lane) : undefined))
  const wire = decodeWire(message?.headers ?? [])?.wire
  const attempt = await bed.store.pool.query<{ id: string }>('select id from attempt where letter_id = $1', [id])
  assert.equal(wire?.replayId, attempt.rows[0]?.id)
  assert.equal(wire?.id, 'order-17')
  assert.deepEqual([wire?.origin.place, wire?.origin.consumer, wire?.hops], ['orders', 'reefer', 1])
  assert.deepEqual([wire?.attempts, wire?.failure, wire?.tier, wire?.reason], [0, null, null, null])
  assert.ok(
    !JSON.stringify(message?.headers.map(({ value }) => Buffer.from(value ?? []).toString())).includes('secret'),
  )
})
