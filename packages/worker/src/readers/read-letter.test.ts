import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { kafkaLetter } from '../../test/kafka-letter.ts'
import type { Header } from '../message.ts'
import { freshWire } from '../wire.ts'
import { defaultWireBudget, encodeWire } from '../wire-codec.ts'
import { readLetter } from './read-letter.ts'
import { readers } from './registry.ts'

const spring = kafkaLetter([
  ['kafka_dlt-exception-fqcn', 'a.Spring'],
  ['kafka_dlt-exception-message', 'of Spring'],
  ['kafka_dlt-exception-stacktrace', 'a.Spring: of Spring\n\tat java.lang.Thread.run(Thread.java:1)\n'],
  ['kafka_dlt-original-topic', 'orders'],
  ['kafka_dlt-original-consumer-group', 'reefer'],
]).message.headers
const connect = kafkaLetter([
  ['__connect.errors.topic', 'orders-dlt'],
  ['__connect.errors.connector.name', 'archive'],
  ['__connect.errors.stage', 'TASK_PUT'],
  ['__connect.errors.exception.class.name', 'a.Connect'],
  ['__connect.errors.exception.stacktrace', 'a.Connect\n\tat java.lang.Thread.run(Thread.java:1)\n'],
]).message.headers

function read(headers: readonly Header[], system = 'kafka'): ReturnType<typeof readLetter> {
  const letter = kafkaLetter([], { system })
  return readLetter({ ...letter, message: { ...letter.message, headers } })
}

test('of two frameworks the first knows the origin and the last the failure, without mixing', () => {
  const { facts, readers: names } = read([...spring, ...connect])
  assert.equal(facts.originPlace, 'orders')
  assert.equal(facts.consumer, 'connect-archive')
  assert.equal(facts.errorClass, 'a.Connect')
  assert.equal(facts.message, undefined)
  assert.deepEqual(names, ['spring-kafka', 'kafka-connect'])
  const other = read([...connect, ...spring]).facts
  assert.equal(other.originPlace, 'orders-dlt')
  assert.equal(other.consumer, 'reefer')
  assert.equal(other.message, 'of Spring')
  assert.equal(other.reason, undefined)
})

test('our own wire names the origin, as its lanes are named after it', () => {
  const wire = freshWire({
    id: 'w1',
    origin: {
      system: 'kafka',
      place: 'orders-dlt',
      consumer: 'mine',
      partition: null,
      position: null,
      nativeId: null,
      timestampMs: null,
    },
    attempts: 1,
    hops: 1,
  })
  const { facts } = read([...spring, ...encodeWire(wire, null, defaultWireBudget)])
  assert.equal(facts.originPlace, 'orders-dlt')
  assert.equal(facts.consumer, 'mine')
  assert.equal(facts.errorClass, undefined)
})

test('a framework beats the broker, which fills in what the framework does not say', () => {
  const deaths = [{ queue: 'q', reason: 'rejected', count: 1, time: { '!': 'timestamp', value: 1_784_629_872 } }]
  const death: Header = { name: 'x-death', value: Buffer.from(JSON.stringify(deaths)), type: 'json' }
  const { facts, confidence, readers: names } = read([death, ...spring], 'rabbitmq')
  assert.equal(facts.consumer, 'reefer')
  assert.equal(facts.originPlace, 'orders')
  assert.equal(facts.originRoute, undefined)
  assert.equal(facts.firstFailedAtMs, 1_784_629_872_000)
  assert.equal(confidence.firstFailedAtMs, 'inferred')
  assert.deepEqual(names, ['rabbitmq', 'spring-kafka'])
})

test('failure headers are named once, in order, whether or not they could be read', () => {
  const own = [
    'tenant',
    'kafka_topic',
    'kafka_dltx',
    'redrive-note',
    'traceparent',
    'x-death',
    '__TypeId__',
    '__connect.other',
  ]
  const failure = [
    'kafka_dlt-original-topic',
    'kafka_original-offset',
    'kafka_exception-fqcn',
    'kafka_key-exception-message',
    'kafka_deliveryAttempt',
    'retry_topic-attempts',
    'springDeserializerExceptionValue',
    '__connect.errors.stage',
    'redrive',
  ]
  const headers = [...own, ...failure, ...failure].map((name) => ({ name, value: null }))
  assert.deepEqual(read(headers).failureHeaders, failure)
})

const known = [
  'redrive',
  'redrive-stack',
  'traceparent',
  'x-death',
  'x-first-death-queue',
  'x-first-death-reason',
  'x-first-death-exchange',
  'x-delivery-count',
  ...['topic', 'partition', 'offset', 'timestamp', 'timestamp-type', 'consumer-group'].flatMap((field) => [
    `kafka_dlt-original-${field}`,
    `kafka_original-${field}`,
  ]),
  ...['fqcn', 'cause-fqcn', 'message', 'stacktrace'].flatMap((field) => [
    `kafka_dlt-exception-${field}`,
    `kafka_exception-${field}`,
    `kafka_dlt-key-exception-${field}`,
  ]),
  'kafka_deliveryAttempt',
  'retry_topic-attempts',
  'retry_topic-original-timestamp',
  'retry_topic-backoff-timestamp',
  ...[
    'topic',
    'partition',
    'offset',
    'connector.name',
    'stage',
    'exception.class.name',
    'exception.message',
    'exception.stacktrace',
  ].map((field) => `__connect.errors.${field}`),
]
const hostileText = fc.oneof(
  fc.string(),
  fc.constantFrom(
    'Caused by: ',
    '\tat ',
    'a.B: c\n',
    '\t... 1 more\n',
    '\tSuppressed: ',
    "Listener method '",
    '[{"queue":"q"',
    '\0',
    '\ud800',
  ),
)
const value = fc.oneof(
  fc.constant(null),
  fc.uint8Array({ maxLength: 40 }),
  fc.array(hostileText, { maxLength: 12 }).map((parts) => Buffer.from(parts.join(''))),
  fc.json().map((json) => Buffer.from(json)),
)
const death = fc.record({
  queue: fc.oneof(hostileText, fc.anything()),
  reason: fc.oneof(fc.constantFrom('rejected', 'expired'), hostileText),
  count: fc.anything(),
  time: fc.oneof(fc.double(), fc.record({ value: fc.oneof(fc.double(), fc.anything()) })),
  exchange: fc.oneof(hostileText, fc.anything()),
  'routing-keys': fc.oneof(fc.array(hostileText), fc.anything()),
})
const deaths = fc.array(death, { minLength: 1 }).map((list) => ({
  name: 'x-death',
  value: Buffer.from(JSON.stringify(list, (_, entry) => (typeof entry === 'bigint' ? String(entry) : entry))),
  type: 'json' as const,
}))
const header = fc.record(
  { name: fc.oneof(fc.constantFrom(...known), fc.string()), value, type: fc.constant('json' as const) },
  { requiredKeys: ['name', 'value'] },
)
const letters = fc.record({
  system: fc.constantFrom('kafka', 'rabbitmq', 'pg-boss', 'memory'),
  place: fc.string(),
  partition: fc.constant(null),
  position: fc.constant(null),
  message: fc.record({
    key: fc.constant(null),
    body: fc.oneof(fc.constant(null), fc.uint8Array()),
    headers: fc.array(fc.oneof({ arbitrary: header, weight: 20 }, { arbitrary: deaths, weight: 1 }), { maxLength: 30 }),
    properties: fc.oneof(
      fc.dictionary(fc.string(), fc.anything()),
      fc.record({
        state: fc.oneof(fc.constantFrom('failed', 'created'), fc.anything()),
        output: fc.oneof(
          fc.record({ name: hostileText, message: hostileText, stack: hostileText, cause: fc.anything() }),
          fc.anything(),
        ),
        retry_count: fc.anything(),
        source_name: fc.oneof(hostileText, fc.anything()),
        created_on: fc.anything(),
        timestamp: fc.anything(),
      }),
    ),
    timestampMs: fc.double(),
  }),
})

test('no reader throws, whatever the bytes, and facts stay within their bounds', () => {
  fc.assert(
    fc.property(letters, (letter) => {
      for (const reader of readers) reader.read(letter)
      const { facts } = readLetter(letter)
      assert.ok((facts.errorClass?.length ?? 0) <= 200)
      assert.ok((facts.message?.length ?? 0) <= 4000)
      for (const count of [facts.attempts, facts.maxAttempts, facts.hops]) assert.ok(count === undefined || count >= 1)
      for (const time of [facts.originTimestampMs, facts.firstFailedAtMs, facts.lastFailedAtMs]) {
        assert.ok(time === undefined || !Number.isNaN(new Date(time).getTime()))
      }
      for (const text of [
        facts.originPlace,
        facts.consumer,
        facts.errorClass,
        facts.message,
        facts.stack,
        facts.reason,
      ]) {
        assert.ok(text === undefined || (text.isWellFormed() && !text.includes('\0')), JSON.stringify(text))
      }
    }),
    { numRuns: 3000 },
  )
})

test('a reader that throws all the same costs its own facts only', () => {
  const properties = {
    get state(): string {
      throw new Error('hostile')
    },
  }
  const letter = kafkaLetter([], { system: 'pg-boss' })
  const hostile = { ...letter, message: { ...letter.message, headers: spring, properties } }
  assert.throws(() => readers.map((reader) => reader.read(hostile)), /hostile/)
  assert.equal(readLetter(hostile).facts.consumer, 'reefer')
})

test('work is bounded: a letter of ten megabytes of headers is read in a moment', () => {
  const big = Buffer.alloc(10_000_000, 'Caused by: a.B: c\n\tat ')
  const names = known.map((name) => ({ name, value: big }))
  const started = performance.now()
  const { facts } = read(names)
  assert.ok(performance.now() - started < 2000)
  assert.ok(Buffer.byteLength(facts.stack ?? '') <= 65_536)
})
