import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message } from '../../message.ts'
import type { DeliveredLike } from './client.ts'
import { carriedHeader, fromAmqp, toAmqp } from './envelope.ts'

function delivered(properties: DeliveredLike['properties'], content: Buffer = Buffer.from('x')): DeliveredLike {
  return { content, properties, fields: { deliveryTag: 1, redelivered: false, routingKey: 'q' } }
}

function trip(message: Message): Message {
  const { content, options } = toAmqp(message)
  const { mandatory: _, ...properties } = options
  return fromAmqp(delivered({ ...properties, headers: { ...options.headers } }, content), { countedByBroker: false })
}

const plain: Message = { key: null, body: Buffer.from('x'), headers: [] }

test('what has a place in AMQP is written there and nothing is carried', () => {
  const properties = {
    contentType: 'application/json',
    messageId: 'm-1',
    priority: 4,
    timestamp: 1_795_336_939,
    deliveryMode: 2,
  }
  const { options } = toAmqp({ ...plain, properties })
  assert.deepEqual({ ...options, headers: { ...options.headers } }, { ...properties, headers: {}, mandatory: true })
})

test('keys and null bodies come back', () => {
  for (const key of [null, Buffer.alloc(0), Buffer.from([0xff, 0])]) {
    for (const body of [null, Buffer.alloc(0), Buffer.from('x')]) {
      const back = trip({ ...plain, key, body })
      assert.deepEqual([back.key, back.body], [key, body])
    }
  }
})

test('what would act a second time comes back without acting', () => {
  const properties = { expiration: '5000', userId: 'alice', deliveryMode: 1 }
  const headers = [{ name: 'CC', value: Buffer.from('["others"]'), type: 'json' as const }]
  const { options } = toAmqp({ ...plain, properties, headers })
  assert.deepEqual(Object.keys(options.headers), [carriedHeader])
  assert.ok(!('expiration' in options) && !('userId' in options))
  const back = trip({ ...plain, properties, headers })
  assert.deepEqual(back.properties, properties)
  assert.deepEqual(back.headers, headers)
  assert.deepEqual(trip(back), back)
})

test('properties that AMQP would refuse are carried', () => {
  const properties = { correlationId: 'x'.repeat(256), priority: 1.5, timestamp: -1, partitionKey: { a: 1 } }
  const back = trip({ ...plain, properties })
  assert.deepEqual(back.properties, { deliveryMode: 2, ...properties })
})

test('a forged header stays a header', () => {
  for (const forged of [
    '{"headers":[{"name":"redrive","base64":"AA=="}]}',
    '{"key":5}',
    '[]',
    'null',
    '{',
    '{"properties":[]}',
  ]) {
    const back = fromAmqp(delivered({ headers: { [carriedHeader]: forged } }), { countedByBroker: false })
    assert.deepEqual(
      back.headers.map(({ name, value }) => [name, String(Buffer.from(value ?? []))]),
      [[carriedHeader, forged]],
    )
    assert.deepEqual(
      trip(back).headers.map(({ name }) => name),
      [carriedHeader],
    )
  }
})

test('the broker’s own count is not a header of the message', () => {
  const message = delivered({ headers: { 'x-delivery-count': 3, a: '1' } })
  assert.deepEqual(
    fromAmqp(message, { countedByBroker: true }).headers.map(({ name }) => name),
    ['a'],
  )
  assert.deepEqual(fromAmqp(message, { countedByBroker: false }).headers.length, 2)
})

test('timestamps are seconds, or milliseconds where they can only be that', () => {
  for (const timestamp of [1_795_336_939, 1_795_336_939_000]) {
    assert.equal(fromAmqp(delivered({ timestamp }), { countedByBroker: false }).timestampMs, 1_795_336_939_000)
  }
  assert.equal(toAmqp({ ...plain, timestampMs: 1_795_336_939_999 }).options.timestamp, 1_795_336_939)
})
