import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kafkaLetter } from '../../test/kafka-letter.ts'
import { readLetter } from './read-letter.ts'

type Headers = [string, string | number | bigint | Uint8Array | null][]

const wrapper = 'org.springframework.kafka.listener.ListenerExecutionFailedException'
const root = '\tat java.base/java.lang.Thread.run(Thread.java:840)\n'

function stackOf(chain: readonly string[], listener = 'void acme.Orders.handle(java.lang.String)'): string {
  const causes = chain.map((error) => `Caused by: ${error}\n\tat acme.Orders.handle(Orders.java:31)\n\t... 12 more\n`)
  return `${wrapper}: Listener method '${listener}' threw exception\n${root}${causes.join('')}`
}

function exceptions(prefix: string, chain: readonly string[], listener?: string): Headers {
  const cause = chain[0] ?? ''
  return [
    [`${prefix}exception-fqcn`, wrapper],
    [`${prefix}exception-cause-fqcn`, cause.slice(0, cause.indexOf(':'))],
    [`${prefix}exception-message`, `Listener failed; ${cause.slice(cause.indexOf(': ') + 2)}`],
    [`${prefix}exception-stacktrace`, stackOf(chain, listener)],
  ]
}

function originals(prefix: string, topic: string, group: string | null): Headers {
  const set: Headers = [
    [`${prefix}original-topic`, topic],
    [`${prefix}original-partition`, 3],
    [`${prefix}original-offset`, 184_467n],
    [`${prefix}original-timestamp`, 1_784_629_800_123n],
    [`${prefix}original-timestamp-type`, 'CreateTime'],
  ]
  if (group !== null) set.push(['kafka_dlt-original-consumer-group', group])
  return set
}

const refused = ['acme.StockError: no answer', 'java.net.ConnectException: Connection refused']

test('a dead letter of the recoverer tells origin, group and innermost error; nothing of the wrapper is taken for it', () => {
  const headers: Headers = [
    ['tenant', 't3'],
    ...exceptions('kafka_dlt-', refused),
    ...originals('kafka_dlt-', 'orders', 'reefer'),
  ]
  const { facts, confidence, readers } = readLetter(kafkaLetter(headers, { timestampMs: 1_784_629_845_310 }))
  const { stack, ...others } = facts
  assert.deepEqual(others, {
    originSystem: 'kafka',
    originPlace: 'orders',
    originPartition: '3',
    originPosition: '184467',
    originTimestampMs: 1_784_629_800_123,
    consumer: 'reefer',
    errorClass: 'java.net.ConnectException',
    message: 'Connection refused',
    lastFailedAtMs: 1_784_629_845_310,
    hops: 1,
  })
  assert.equal(stack, stackOf(refused))
  assert.equal(confidence.consumer, 'exact')
  assert.equal(confidence.lastFailedAtMs, 'inferred')
  assert.deepEqual(readers, ['spring-kafka'])
})

test('dead-lettered three times: the first set is the origin, the last the failure', () => {
  const { facts } = readLetter(
    kafkaLetter([
      ...exceptions('kafka_dlt-', ['a.First: 1']),
      ...originals('kafka_dlt-', 'orders', 'one'),
      ...exceptions('kafka_dlt-', ['a.Second: 2']),
      ...originals('kafka_dlt-', 'orders-dlt', 'two'),
      ...exceptions('kafka_dlt-', ['a.Third: 3']),
      ...originals('kafka_dlt-', 'orders-dlt-dlt', 'three'),
    ]),
  )
  assert.equal(facts.originPlace, 'orders')
  assert.equal(facts.hops, 3)
  assert.equal(facts.errorClass, 'a.Third')
  assert.equal(facts.message, '3')
  assert.equal(facts.consumer, 'three')
})

test('a later death without a group, or one that left the first set alone, does not inherit the group', () => {
  const without = [...originals('kafka_dlt-', 'orders', 'one'), ...exceptions('kafka_dlt-', refused)]
  assert.equal(
    readLetter(kafkaLetter([...without, ...originals('kafka_dlt-', 'orders-dlt', null)])).facts.consumer,
    undefined,
  )
  assert.equal(readLetter(kafkaLetter(without)).facts.consumer, undefined)
  assert.equal(readLetter(kafkaLetter(without)).facts.originPlace, 'orders')
})

test('an origin is never completed from a later death', () => {
  const { facts } = readLetter(
    kafkaLetter([['kafka_dlt-original-topic', 'orders'], ...originals('kafka_dlt-', 'orders-dlt', 'two')]),
  )
  assert.equal(facts.originPlace, 'orders')
  assert.equal(facts.originPartition, undefined)
  assert.equal(facts.originTimestampMs, undefined)
})

test('a later error without a stack or a cause does not inherit the cause', () => {
  const { facts } = readLetter(
    kafkaLetter([
      ...exceptions('kafka_dlt-', ['java.net.ConnectException: Connection refused']),
      ...originals('kafka_dlt-', 'orders', 'one'),
      ['kafka_dlt-exception-fqcn', wrapper],
      ...originals('kafka_dlt-', 'orders-dlt', 'two'),
    ]),
  )
  assert.equal(facts.errorClass, undefined)
})

test('a later error without a message or a cause does not inherit them', () => {
  const { facts } = readLetter(
    kafkaLetter([
      ...exceptions('kafka_dlt-', ['a.First: 1']),
      ...originals('kafka_dlt-', 'orders', 'one'),
      ['kafka_dlt-exception-fqcn', 'java.lang.NullPointerException'],
      ['kafka_dlt-exception-stacktrace', `java.lang.NullPointerException\n${root}`],
      ...originals('kafka_dlt-', 'orders-dlt', 'two'),
    ]),
  )
  assert.equal(facts.errorClass, 'java.lang.NullPointerException')
  assert.equal(facts.message, undefined)
})

function retryable(attempts: Uint8Array | number, listener?: string): Headers {
  return [
    ...originals('kafka_', 'orders', 'reefer'),
    ['retry_topic-attempts', 2],
    ...exceptions('kafka_', refused, listener),
    ['retry_topic-original-timestamp', Buffer.from('AZ+EOay7', 'base64')],
    ['retry_topic-attempts', attempts],
    ['retry_topic-backoff-timestamp', Buffer.from('AZ+EOiHr', 'base64')],
  ]
}

test('@RetryableTopic counts one too many, in four bytes or in one, and the last header counts', () => {
  const { facts, confidence } = readLetter(kafkaLetter(retryable(4)))
  assert.equal(facts.attempts, 3)
  assert.equal(confidence.attempts, 'exact')
  assert.equal(facts.consumer, 'reefer')
  assert.equal(facts.originPlace, 'orders')
  assert.equal(facts.errorClass, 'java.net.ConnectException')
  assert.equal(readLetter(kafkaLetter(retryable(Uint8Array.of(200)))).facts.attempts, 199)
  for (const broken of [Uint8Array.of(), Uint8Array.of(0), Uint8Array.of(1), Uint8Array.of(0, 4), -1, 32_768]) {
    assert.equal(readLetter(kafkaLetter(retryable(broken))).facts.attempts, undefined)
  }
})

test('times of six and of eight bytes are the same', () => {
  const six: Headers = [['retry_topic-original-timestamp', Buffer.from('AZ+EOay7', 'base64')]]
  const eight: Headers = [['retry_topic-original-timestamp', 1_784_629_800_123n]]
  assert.equal(readLetter(kafkaLetter(six)).facts.originTimestampMs, 1_784_629_800_123)
  assert.equal(readLetter(kafkaLetter(eight)).facts.originTimestampMs, 1_784_629_800_123)
})

test('a failing dead-letter handler says nothing of attempts, and its group has the suffix of its topic', () => {
  const looping = retryable(5, 'void acme.Orders.handleDlt(java.lang.String)')
  const { facts, confidence } = readLetter(kafkaLetter(looping, { place: 'orders.DLT' }))
  assert.equal(facts.attempts, undefined)
  assert.equal(facts.consumer, 'reefer.DLT')
  assert.equal(confidence.consumer, 'inferred')
  assert.equal(readLetter(kafkaLetter(looping, { place: 'elsewhere' })).facts.consumer, undefined)
  assert.equal(readLetter(kafkaLetter(retryable(5, 'void acme.Orders.checkDeadline(int)'))).facts.attempts, 4)
})

test('retry topics write when the last call failed', () => {
  const headers = retryable(3)
  const at = headers.findIndex(([name]) => name === 'kafka_exception-stacktrace')
  const stamped = `org.springframework.kafka.listener.TimestampedException: Exception thrown at 2026-11-22T09:09:11.468509476Z`
  headers[at] = ['kafka_exception-stacktrace', stackOf([stamped, 'a.B: c'])]
  assert.equal(readLetter(kafkaLetter(headers, { timestampMs: 1 })).facts.lastFailedAtMs, 1_795_338_551_468)
})

test('without a whole stack only a class that never has a cause is the innermost', () => {
  const died = (cause: string, stack: string | null): ReturnType<typeof readLetter>['facts'] => {
    const headers = exceptions('kafka_dlt-', [`${cause}: why; so`]).filter(([name]) => !name.endsWith('stacktrace'))
    if (stack !== null) headers.push(['kafka_dlt-exception-stacktrace', stack])
    return readLetter(kafkaLetter([...headers, ...originals('kafka_dlt-', 'orders', 'reefer')])).facts
  }
  assert.equal(died('java.lang.IllegalStateException', null).errorClass, undefined)
  assert.equal(died('java.lang.IllegalStateException', null).message, undefined)
  assert.equal(died('acme.StockError', stackOf(refused).slice(0, -80)).errorClass, undefined)
  const leaf = died('java.net.SocketTimeoutException', null)
  assert.equal(leaf.errorClass, 'java.net.SocketTimeoutException')
  assert.equal(leaf.message, 'why; so')
})

test('a wrapper that quotes its causes gives no message away', () => {
  const { facts } = readLetter(
    kafkaLetter([
      ['kafka_dlt-exception-fqcn', wrapper],
      ['kafka_dlt-exception-cause-fqcn', 'java.net.ConnectException'],
      [
        'kafka_dlt-exception-message',
        'Listener failed; nested exception is java.net.ConnectException: Connection refused',
      ],
    ]),
  )
  assert.equal(facts.errorClass, 'java.net.ConnectException')
  assert.equal(facts.message, undefined)
})

test('an error that Java serialisation rebuilt tells no message, for it is not the one that was thrown', () => {
  const deserialization = 'org.springframework.kafka.support.serializer.DeserializationException'
  const stack = `${deserialization}: failed to deserialize\n${root}Caused by: com.fasterxml.jackson.core.JsonParseException: bad\n at [Source: UNKNOWN; line: 1]\n\t... 2 more\n`
  const { facts } = readLetter(
    kafkaLetter([
      ['kafka_dlt-exception-fqcn', deserialization],
      ['kafka_dlt-exception-stacktrace', stack],
    ]),
  )
  assert.equal(facts.errorClass, 'com.fasterxml.jackson.core.JsonParseException')
  assert.equal(facts.message, undefined)
})

test('delivery attempts are taken where they belong to the last death', () => {
  const died = originals('kafka_dlt-', 'orders', 'one')
  const counted = readLetter(kafkaLetter([['kafka_deliveryAttempt', 3], ...died]))
  assert.equal(counted.facts.attempts, 3)
  assert.equal(counted.confidence.attempts, 'inferred')
  const again = originals('kafka_dlt-', 'orders-dlt', 'two')
  assert.equal(readLetter(kafkaLetter([['kafka_deliveryAttempt', 3], ...died, ...again])).facts.attempts, undefined)
  assert.equal(readLetter(kafkaLetter([...died, ['kafka_deliveryAttempt', 2], ...again])).facts.attempts, 2)
})
