import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LetterFacts } from '../letter.ts'
import { readLetter } from './read-letter.ts'

function factsOf(properties: Readonly<Record<string, unknown>>): LetterFacts {
  const message = { key: null, body: Buffer.from('{"a": 1}'), headers: [], properties }
  return readLetter({ system: 'pg-boss', place: String(properties['name']), partition: null, position: null, message })
    .facts
}

const output = { name: 'TypeError', message: 'no units', stack: 'TypeError: no units\n    at f (a.js:1:2)' }
const failed = {
  id: '1aa0',
  name: 'orders',
  state: 'failed',
  output,
  retry_count: 2,
  retry_limit: 2,
  created_on: '2026-07-21T10:30:00.123+00:00',
  started_on: '2026-07-21T10:33:12+00:00',
  completed_on: '2026-07-21T10:33:12.004+00:00',
}
const copy = {
  id: '7d0e',
  name: 'orders.dead',
  state: 'created',
  retry_count: 0,
  retry_limit: 5,
  created_on: '2026-07-21T10:33:12.004+00:00',
  source_name: 'orders',
  source_id: '1aa0',
  source_created_on: '2026-07-21T10:30:00.123+00:00',
  source_retry_count: 2,
}
const same = {
  originSystem: 'pg-boss',
  originPlace: 'orders',
  originTimestampMs: 1_784_629_800_123,
  originRoute: { queue: 'orders', jobId: '1aa0' },
  consumer: 'orders',
  errorClass: 'TypeError',
  message: 'no units',
  stack: output.stack,
  attempts: 3,
  lastFailedAtMs: 1_784_629_992_004,
  bodyExact: false,
}

test('the failed job and its copy in the dead-letter queue tell the same death', () => {
  assert.deepEqual(factsOf(failed), { ...same, maxAttempts: 3 })
  assert.deepEqual(factsOf({ ...copy, output }), same)
  assert.deepEqual(factsOf({ ...copy, output: null, source_output: output }), same)
})

test('columns under the names of the API, with dates and output as text', () => {
  const row = {
    name: 'orders.dead',
    state: 'active',
    retryCount: 0,
    createdOn: new Date(1_784_629_992_004),
    sourceName: 'orders',
    sourceId: '1aa0',
    sourceCreatedOn: new Date(1_784_629_800_123),
    sourceRetryCount: 2,
    output: JSON.stringify(output),
  }
  assert.deepEqual(factsOf(row), same)
})

test('version 10 writes no source: the error is known, origin, consumer and attempts are not', () => {
  const { errorClass, originPlace, consumer, attempts } = factsOf({
    name: 'orders.dead',
    state: 'created',
    retry_count: 0,
    output,
  })
  assert.deepEqual(
    { errorClass, originPlace, consumer, attempts },
    {
      errorClass: 'TypeError',
      originPlace: undefined,
      consumer: undefined,
      attempts: undefined,
    },
  )
  assert.deepEqual(factsOf({ name: 'orders.dead', state: 'created', retry_count: 0, output: null }), {})
})

test('a copy that its own worker failed is that worker’s failure', () => {
  const facts = factsOf({ ...copy, ...failed, name: 'orders.dead', id: '7d0e', retry_count: 1, source_retry_count: 2 })
  assert.equal(facts.consumer, 'orders.dead')
  assert.equal(facts.attempts, 2)
  assert.equal(facts.originPlace, 'orders')
  const retried = factsOf({ ...copy, state: 'active', retry_count: 1, output })
  assert.equal(retried.errorClass, undefined)
  assert.equal(retried.attempts, 3)
})

test('a copy of a copy does not take the queue before it for the origin', () => {
  const facts = factsOf({ ...copy, source_name: 'orders.dead', source_root_id: '0001' })
  assert.equal(facts.originPlace, undefined)
  assert.equal(facts.consumer, 'orders.dead')
})

test('the innermost cause counts; a chain that ends in no error names none', () => {
  const cause = { name: 'Error', message: 'no answer', stack: 'Error: no answer\n    at g (b.js:3:4)' }
  const facts = factsOf({ ...failed, output: { ...output, cause } })
  assert.equal(facts.errorClass, 'Error')
  assert.equal(facts.message, 'no answer')
  assert.equal(facts.stack, `${output.stack}\nCaused by: ${cause.stack}`)
  assert.equal(factsOf({ ...failed, output: { ...output, cause: 'just text' } }).errorClass, undefined)
  assert.equal(factsOf({ ...failed, output: { ...output, cause: '[Circular]' } }).errorClass, 'TypeError')
  assert.equal(factsOf({ ...failed, output: { value: 'thrown text' } }).message, 'thrown text')
  assert.equal(factsOf({ ...failed, output: { value: 'thrown text' } }).errorClass, undefined)
})

test('a job that ran out of time or lost its worker has no error of its handler', () => {
  const own = { name: 'Error', message: 'handler execution exceeded 900s', stack: 'Error: handler …' }
  for (const expired of [
    own,
    { ...own, message: 'handler execution exceeded 900000ms' },
    { value: { message: 'job timed out' } },
  ]) {
    const facts = factsOf({ ...failed, output: expired })
    assert.equal(facts.errorClass, undefined)
    assert.equal(facts.message, undefined)
    assert.equal(facts.tier, 'timeout')
    assert.equal(facts.reason, 'expired')
  }
  assert.equal(factsOf({ ...failed, output: { value: { message: 'job heartbeat timeout' } } }).reason, 'heartbeat')
})

test('a job that was failed before it started made no attempt', () => {
  assert.equal(factsOf({ ...failed, started_on: null }).attempts, undefined)
})
