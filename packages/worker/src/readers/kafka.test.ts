import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kafkaLetter } from '../../test/kafka-letter.ts'
import { readLetter } from './read-letter.ts'

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

test('the trace context of a message is a fact, not a failure header', () => {
  const { facts, readers, failureHeaders } = readLetter(kafkaLetter([['traceparent', traceparent]]))
  assert.deepEqual(facts, { traceparent })
  assert.deepEqual(readers, ['kafka'])
  assert.deepEqual(failureHeaders, [])
})

test('what is no trace context says nothing, and no topic name is taken for an origin', () => {
  for (const value of ['', traceparent.toUpperCase(), `${traceparent}\n`, 'x'.repeat(55)]) {
    assert.deepEqual(readLetter(kafkaLetter([['traceparent', value]], { place: 'orders.DLT' })).facts, {})
  }
})
