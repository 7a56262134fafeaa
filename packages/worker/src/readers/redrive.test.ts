import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kafkaLetter } from '../../test/kafka-letter.ts'
import type { Wire } from '../wire.ts'
import { defaultWireBudget, encodeWire } from '../wire-codec.ts'
import { readLetter } from './read-letter.ts'

const wire: Wire = {
  id: '0198c1d0',
  origin: {
    system: 'kafka',
    place: 'orders',
    consumer: 'reefer',
    partition: '3',
    position: '184467',
    nativeId: null,
    timestampMs: 1_784_629_800_123,
  },
  attempts: 5,
  maxAttempts: 5,
  firstFailedAtMs: 1_784_629_801_000,
  lastFailedAtMs: 1_784_629_845_310,
  failure: { errorClass: 'AllocationError', rootClass: 'TypeError', message: 'no units' },
  tier: 'permanent',
  reason: 'attempts',
  worker: { service: 'allocation', release: '1.4.2', host: 'h1' },
  traceparent: null,
  hops: 2,
  crashes: 0,
  replayId: 'r1',
  dueAtMs: null,
  history: [],
  line: null,
  notice: null,
}

test('our own wire tells all of it, exactly', () => {
  const letter = kafkaLetter([['tenant', 't3']])
  const headers = [...letter.message.headers, ...encodeWire(wire, 'AllocationError: x\n    at f', defaultWireBudget)]
  const { facts, confidence, readers, failureHeaders } = readLetter({
    ...letter,
    message: { ...letter.message, headers },
  })
  assert.deepEqual(facts, {
    originSystem: 'kafka',
    originPlace: 'orders',
    originPartition: '3',
    originPosition: '184467',
    originTimestampMs: 1_784_629_800_123,
    consumer: 'reefer',
    errorClass: 'TypeError',
    message: 'no units',
    stack: 'AllocationError: x\n    at f',
    attempts: 5,
    maxAttempts: 5,
    firstFailedAtMs: 1_784_629_801_000,
    lastFailedAtMs: 1_784_629_845_310,
    tier: 'permanent',
    reason: 'attempts',
    service: 'allocation',
    release: '1.4.2',
    host: 'h1',
    wireId: '0198c1d0',
    replayId: 'r1',
    hops: 2,
    bodyExact: true,
  })
  assert.deepEqual(new Set(Object.values(confidence)), new Set(['exact']))
  assert.deepEqual(readers, ['redrive'])
  assert.deepEqual(failureHeaders, ['redrive', 'redrive-stack'])
})

test('a wire that cannot be read is no wire, and is stripped all the same', () => {
  const { facts, readers, failureHeaders } = readLetter(kafkaLetter([['redrive', '{"v":1']]))
  assert.deepEqual(facts, {})
  assert.deepEqual(readers, [])
  assert.deepEqual(failureHeaders, ['redrive'])
})
