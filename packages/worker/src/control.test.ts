import assert from 'node:assert/strict'
import { test } from 'node:test'
import type * as control from './control.ts'
import {
  Discard,
  dead,
  discard,
  explicitClass,
  MalformedError,
  PermanentError,
  RetryLater,
  retryLater,
  returnedOutcome,
  thrownOutcome,
} from './control.ts'

test('thrown or returned, the classes mean the same', () => {
  const cause = new Error('busy')
  const later = new RetryLater(1500, { cause })
  for (const outcome of [thrownOutcome(later), returnedOutcome(later), returnedOutcome(retryLater(1500, cause))]) {
    assert.deepEqual(outcome, { kind: 'retry', delayMs: 1500, cause })
  }
  for (const outcome of [
    thrownOutcome(new Discard('test order')),
    returnedOutcome(new Discard('test order')),
    returnedOutcome(discard('test order')),
  ]) {
    assert.deepEqual(outcome, { kind: 'discard', reason: 'test order' })
  }
  const permanent = new PermanentError('no such ship', { cause })
  assert.equal(thrownOutcome(permanent), undefined)
  assert.equal(permanent.cause, cause)
  assert.deepEqual(returnedOutcome(permanent), { kind: 'dead', cause: permanent })
  assert.deepEqual(returnedOutcome(dead(permanent)), { kind: 'dead', cause: permanent })
})

test('the classes state their own class, and so do those of another copy of the package', async () => {
  const copyUrl = new URL('./control.ts?copy', import.meta.url).href
  const copy = (await import(copyUrl)) as typeof control
  assert.notEqual(copy.PermanentError, PermanentError)
  class ShipUnknown extends copy.PermanentError {}
  assert.equal(explicitClass(new PermanentError('x')), 'permanent')
  assert.equal(explicitClass(new ShipUnknown('x')), 'permanent')
  assert.equal(explicitClass(new copy.MalformedError('x')), 'malformed')
  assert.equal(explicitClass(new MalformedError('x')), 'malformed')
  assert.equal(explicitClass(new copy.RetryLater(1)), 'transient')
  assert.deepEqual(thrownOutcome(new copy.Discard('x')), { kind: 'discard', reason: 'x' })
  assert.equal(explicitClass(new Error('x')), undefined)
})

test('any other returned value means handled', () => {
  const throwing = new Proxy(
    {},
    {
      get(): never {
        throw new Error('trap')
      },
    },
  )
  const values = [
    undefined,
    null,
    true,
    'retry',
    7,
    {},
    [],
    { kind: 'retry' },
    { kind: 'discard' },
    { kind: 'x' },
    new Error('x'),
    throwing,
  ]
  for (const value of [...values, JSON.parse('{"redrive.control":"discard"}') as unknown]) {
    assert.deepEqual(returnedOutcome(value), { kind: 'handled' })
  }
  assert.deepEqual(returnedOutcome({ kind: 'handled' }), { kind: 'handled' })
})

test('a delay that is none is no delay', () => {
  for (const delayMs of [Number.NaN, -5])
    assert.deepEqual(returnedOutcome({ kind: 'retry', delayMs }), { kind: 'retry', delayMs: 0 })
})
