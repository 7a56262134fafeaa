import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorChain } from './error-chain.ts'

test('goes from the thrown value to the innermost cause', () => {
  const inner = new Error('inner')
  const middle = new AggregateError([inner, new Error('other')])
  const outer = new Error('outer', { cause: middle })
  assert.deepEqual(errorChain(outer), [outer, middle, inner])
  assert.deepEqual(errorChain('text'), ['text'])
  assert.deepEqual(errorChain(undefined), [undefined])
})

test('ends at a cycle and after eight causes', () => {
  const a = new Error('a')
  const b = new Error('b', { cause: a })
  a.cause = b
  assert.deepEqual(errorChain(a), [a, b])
  let deep = new Error('0')
  for (let depth = 1; depth < 20; depth += 1) deep = new Error(String(depth), { cause: deep })
  assert.equal(errorChain(deep).length, 9)
})
