import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Header } from '../message.ts'
import { readLetter } from './read-letter.ts'
import type { RawLetter } from './reader.ts'

interface Death {
  readonly queue: string
  readonly reason: string
  readonly count?: number
  readonly seconds?: number
  readonly exchange?: string
  readonly key?: string
}

function letter(deaths: readonly Death[], extra: readonly Header[] = []): RawLetter {
  const table = deaths.map(({ queue, reason, count = 1, seconds = 1_784_629_872, exchange = '', key = queue }) => ({
    count,
    reason,
    queue,
    time: { '!': 'timestamp', value: seconds },
    exchange,
    'routing-keys': [key],
  }))
  const headers: Header[] = [{ name: 'x-death', value: Buffer.from(JSON.stringify(table)), type: 'json' }, ...extra]
  return {
    system: 'rabbitmq',
    place: 'orders.dead',
    partition: null,
    position: null,
    message: { key: null, body: Buffer.from('{}'), headers, properties: { timestamp: 1_784_629_800 } },
  }
}

function text(name: string, value: string): Header {
  return { name, value: Buffer.from(value) }
}

test('a rejected message: queue, route and reason; seconds become milliseconds', () => {
  const { facts, confidence, readers } = readLetter(
    letter([{ queue: 'orders', reason: 'rejected', exchange: 'shop', key: 'order.created' }]),
  )
  assert.deepEqual(facts, {
    originSystem: 'rabbitmq',
    originPlace: 'orders',
    originTimestampMs: 1_784_629_800_000,
    originRoute: { exchange: 'shop', routingKey: 'order.created', queue: 'orders' },
    consumer: 'orders',
    reason: 'rejected',
    firstFailedAtMs: 1_784_629_872_000,
    lastFailedAtMs: 1_784_629_872_000,
    bodyExact: true,
  })
  assert.equal(confidence.consumer, 'exact')
  assert.equal(confidence.lastFailedAtMs, 'inferred')
  assert.deepEqual(readers, ['rabbitmq'])
})

test('counts are of entries and deliveries of this queue: never attempts', () => {
  const counted = { name: 'x-delivery-count', value: Buffer.from('20'), type: 'json' } as const
  const { facts } = readLetter(letter([{ queue: 'orders', reason: 'delivery_limit', count: 3 }], [counted]))
  assert.equal(facts.attempts, undefined)
  assert.equal(facts.reason, 'delivery_limit')
  assert.equal(facts.lastFailedAtMs, undefined)
})

test('through a wait queue: the consumer is the one that rejected, the origin the first queue', () => {
  const deaths = [
    { queue: 'orders.wait', reason: 'expired', count: 2 },
    { queue: 'orders', reason: 'rejected', count: 2 },
  ]
  const { facts, confidence } = readLetter(
    letter(deaths, [text('x-first-death-queue', 'orders'), text('x-first-death-reason', 'rejected')]),
  )
  assert.equal(facts.originPlace, 'orders')
  assert.equal(facts.consumer, 'orders')
  assert.equal(facts.reason, 'rejected')
  assert.equal(confidence.consumer, 'inferred')
})

test('after a full cycle the first queue is the newest entry', () => {
  const deaths = [
    { queue: 'orders', reason: 'rejected', count: 2 },
    { queue: 'orders.wait', reason: 'expired' },
  ]
  assert.equal(readLetter(letter(deaths, [text('x-first-death-queue', 'orders')])).facts.originPlace, 'orders')
})

test('a message that only expired or overflowed blames no consumer', () => {
  for (const reason of ['expired', 'maxlen']) {
    const { facts } = readLetter(
      letter([
        { queue: 'orders.dead', reason: 'expired' },
        { queue: 'orders', reason },
      ]),
    )
    assert.equal(facts.consumer, undefined)
    assert.equal(facts.originPlace, 'orders')
    assert.equal(facts.reason, 'expired')
    assert.equal(facts.firstFailedAtMs, undefined)
  }
})

test('a producer that writes milliseconds is taken at its word', () => {
  const one = letter([{ queue: 'orders', reason: 'rejected' }])
  const message = { ...one.message, properties: { timestamp: 1_784_629_800_123 } }
  assert.equal(readLetter({ ...one, message }).facts.originTimestampMs, 1_784_629_800_123)
})

test('what is no x-death says nothing', () => {
  for (const value of ['{', '[1, null, {}]', '{"queue":"orders"}', '[{"queue":7,"reason":"rejected"}]']) {
    const broken = letter([])
    const headers: Header[] = [{ name: 'x-death', value: Buffer.from(value), type: 'json' }]
    assert.deepEqual(readLetter({ ...broken, message: { ...broken.message, headers } }).facts, {})
  }
  assert.deepEqual(readLetter({ ...letter([{ queue: 'orders', reason: 'rejected' }]), system: 'kafka' }).facts, {})
})

test('failure headers are the broker’s own, never the message’s', () => {
  const names = ['x-first-death-queue', 'x-last-death-reason', 'x-delivery-count', 'x-tenant', 'x-death-note', 'tenant']
  const { failureHeaders } = readLetter(
    letter(
      [],
      names.map((name) => text(name, 'a')),
    ),
  )
  assert.deepEqual(failureHeaders, ['x-death', 'x-first-death-queue', 'x-last-death-reason', 'x-delivery-count'])
})
