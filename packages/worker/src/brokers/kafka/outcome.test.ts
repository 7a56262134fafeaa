import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outcomeOfKafkaJsError } from './kafkajs-outcome.ts'
import { outcomesOfError } from './platformatic-outcome.ts'
import { outcomeOfCode } from './protocol-errors.ts'

const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' })
const closed = Object.assign(new Error('Connection closed'), { code: 'PLT_KFK_NETWORK' })

test('a connection that was refused is not sent, one that was closed is uncertain', () => {
  const never = Object.assign(new Error('Connection to 127.0.0.1:9 failed.', { cause: refused }), {
    code: 'PLT_KFK_NETWORK',
  })
  assert.deepEqual(
    [never, closed].map((error) => outcomesOfError(error).rest.kind),
    ['not-sent', 'uncertain'],
  )
})

test('one attempt that may have arrived makes all of them uncertain', () => {
  assert.equal(outcomesOfError(new AggregateError([refused, closed], 'failed 2 times')).rest.kind, 'uncertain')
})

test('a half failed send tells its parts', () => {
  const partitionResponses = [
    { index: 0, errorCode: 0, baseOffset: 7n },
    { index: 1, errorCode: 10, baseOffset: -1n },
    { index: 2, errorCode: 7, baseOffset: -1n },
  ]
  const answer = Object.assign(new Error('refused'), {
    code: 'PLT_KFK_RESPONSE',
    response: { responses: [{ partitionResponses }] },
  })
  const { known } = outcomesOfError(new AggregateError([answer, closed], 'Producing messages failed.'))
  assert.deepEqual(
    [...known.values()].map(({ kind }) => kind),
    ['written', 'not-sent', 'uncertain'],
  )
})

test('an error nobody knows is uncertain', () => {
  for (const error of [undefined, null, 'x', {}, new Error('?')]) {
    assert.equal(outcomesOfError(error).rest.kind, 'uncertain')
    assert.equal(outcomeOfKafkaJsError(error).kind, 'uncertain')
  }
})

test('what cannot succeed is not worth another try', () => {
  assert.deepEqual(
    [10, 6].map((code) => ({ ...outcomeOfCode(code, ''), reason: '' })),
    [
      { kind: 'not-sent', reason: '', retryable: false },
      { kind: 'not-sent', reason: '', retryable: true },
    ],
  )
})
