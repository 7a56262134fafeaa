import assert from 'node:assert/strict'
import { test } from 'node:test'
import { read } from './guarded-read.ts'

test('reads properties, and undefined where that is impossible', () => {
  const symbol = Symbol('s')
  assert.equal(read({ a: 1, [symbol]: 2 }, 'a'), 1)
  assert.equal(read({ [symbol]: 2 }, symbol), 2)
  assert.equal(read(['x'], 0), 'x')
  for (const value of [null, undefined, 'text', 7, symbol]) assert.equal(read(value, 'length'), undefined)
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  assert.equal(read(proxy, 'a'), undefined)
  const throwing = {
    get a(): never {
      throw new Error('getter')
    },
  }
  assert.equal(read(throwing, 'a'), undefined)
})
