import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kafkaLetter } from '../../test/kafka-letter.ts'
import { readLetter } from './read-letter.ts'

type Headers = [string, string | null][]

const root = '\tat java.base/java.lang.Thread.run(Thread.java:840)\n'
const invalid = 'org.apache.kafka.connect.errors.DataException'

function context(
  topic: string,
  options: { message?: string | null; stack?: string; connector?: string } = {},
): Headers {
  const { message = 'Failed to deserialize', connector = 'orders-es' } = options
  const stack = options.stack ?? `${invalid}: ${message}\n${root}Caused by: a.b.Inner: no magic\n\t... 3 more\n`
  return [
    ['__connect.errors.topic', topic],
    ['__connect.errors.partition', '3'],
    ['__connect.errors.offset', '184467'],
    ['__connect.errors.connector.name', connector],
    ['__connect.errors.task.id', '1'],
    ['__connect.errors.stage', 'VALUE_CONVERTER'],
    ['__connect.errors.class.name', 'io.confluent.connect.avro.AvroConverter'],
    ['__connect.errors.exception.class.name', invalid],
    ['__connect.errors.exception.message', message],
    ['__connect.errors.exception.stacktrace', stack],
  ]
}

test('a record of a sink: origin, the group of its connector, the innermost error, its own time', () => {
  const { facts, confidence, readers } = readLetter(kafkaLetter(context('orders'), { timestampMs: 1_784_629_800_123 }))
  const { stack, ...others } = facts
  assert.deepEqual(others, {
    originSystem: 'kafka',
    originPlace: 'orders',
    originPartition: '3',
    originPosition: '184467',
    originTimestampMs: 1_784_629_800_123,
    consumer: 'connect-orders-es',
    errorClass: 'a.b.Inner',
    message: 'no magic',
    reason: 'VALUE_CONVERTER',
    hops: 1,
    bodyExact: true,
  })
  assert.ok(stack?.startsWith(invalid))
  assert.equal(confidence.consumer, 'inferred')
  assert.deepEqual(readers, ['kafka-connect'])
})

test('without context headers the letter is opaque: nothing is said and nothing breaks', () => {
  const { facts, readers, failureHeaders } = readLetter(kafkaLetter([['tenant', 't3']], { place: 'dlq-orders-es' }))
  assert.deepEqual(facts, {})
  assert.deepEqual(readers, [])
  assert.deepEqual(failureHeaders, [])
})

test('a null message is none', () => {
  const stack = `${invalid}\n${root}`
  const { facts } = readLetter(kafkaLetter(context('orders', { message: null, stack })))
  assert.equal(facts.errorClass, invalid)
  assert.equal(facts.message, undefined)
})

test('without a cause the message is the header, whatever it looks like in the stack', () => {
  const message = 'remote said:\n\tat far.Away.b(Away.java:1)'
  const { facts } = readLetter(kafkaLetter(context('orders', { message, stack: `${invalid}: ${message}\n${root}` })))
  assert.equal(facts.errorClass, invalid)
  assert.equal(facts.message, message)
})

test('a cut stack leaves the error unknown', () => {
  const { facts } = readLetter(
    kafkaLetter(context('orders', { stack: `${invalid}: Failed to deserialize\n\tat a.b.C(C.ja` })),
  )
  assert.equal(facts.errorClass, undefined)
  assert.equal(facts.message, undefined)
})

test('dead-lettered twice: the first set is the origin, the last the failure', () => {
  const twice = [
    ...context('orders'),
    ...context('dlq-orders-es', { connector: 'second', stack: `a.b.Later: x\n${root}`, message: 'x' }),
  ]
  const { facts } = readLetter(kafkaLetter(twice))
  assert.equal(facts.originPlace, 'orders')
  assert.equal(facts.consumer, 'connect-second')
  assert.equal(facts.errorClass, 'a.b.Later')
  assert.equal(facts.hops, 2)
})

test('a later error without a message does not inherit one', () => {
  const later = context('dlq-orders-es', { message: null, stack: `${invalid}\n${root}` })
  const { facts } = readLetter(
    kafkaLetter([...context('orders'), ...later.filter(([name]) => !name.endsWith('.message'))]),
  )
  assert.equal(facts.errorClass, invalid)
  assert.equal(facts.message, undefined)
})
