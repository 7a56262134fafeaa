import assert from 'node:assert/strict'
import { test } from 'node:test'
import { textOf } from './protocol-errors.ts'

test('what a client wraps is told with what it wraps it in, once each', () => {
  const refused = new Error('SASL authentication failed.')
  const failed = new Error('Connection to b1:9093 failed.', { cause: refused })
  assert.equal(
    textOf(new AggregateError([failed, new Error('another broker')], 'Cannot connect to any broker.')),
    'Cannot connect to any broker: Connection to b1:9093 failed: SASL authentication failed',
  )
  assert.equal(textOf(new Error('gone', { cause: new Error('gone') })), 'gone')
  assert.equal(textOf(new Error('gone')), 'gone')
  assert.equal(textOf('gone'), 'gone')
})

test('what goes round in circles, or is no error at all, has a text too', () => {
  const round = new Error('a') as Error & { cause?: unknown }
  round.cause = new Error('b', { cause: round })
  assert.equal(textOf(round), 'a: b: a: b')
  for (const each of [null, undefined, {}, 7]) assert.equal(textOf(each), 'no reason was given')
})
