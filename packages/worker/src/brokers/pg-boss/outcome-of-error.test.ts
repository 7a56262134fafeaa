import assert from 'node:assert/strict'
import { test } from 'node:test'
import { outcomeOfError } from './outcome-of-error.ts'

const coded = (message: string, code: string): Error => Object.assign(new Error(message), { code })

test('only what certainly did not reach the database is not sent', () => {
  const cases: readonly (readonly [Error, string])[] = [
    [coded('connect ECONNREFUSED', 'ECONNREFUSED'), 'not-sent, again'],
    [new Error('timeout exceeded when trying to connect'), 'not-sent, again'],
    [new Error('Queue orders does not exist'), 'not-sent, again'],
    [coded('the database system is starting up', '57P03'), 'not-sent, again'],
    [coded('too many connections', '53300'), 'not-sent, again'],
    [coded('unsupported Unicode escape sequence', '22P05'), 'not-sent, never'],
    [coded('Name can only contain', 'ERR_ASSERTION'), 'not-sent, never'],
    [coded('terminating connection due to administrator command', '57P01'), 'uncertain'],
    [coded('read ECONNRESET', 'ECONNRESET'), 'uncertain'],
    [coded('write EPIPE', 'EPIPE'), 'uncertain'],
    [new Error('Connection terminated unexpectedly'), 'uncertain'],
    [new Error('something new'), 'uncertain'],
  ]
  for (const [error, wanted] of cases) {
    const outcome = outcomeOfError(error)
    const shown = outcome.kind === 'not-sent' ? `not-sent, ${outcome.retryable ? 'again' : 'never'}` : outcome.kind
    assert.equal(shown, wanted, error.message)
  }
})
