import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRedriveError } from '@redrive/worker'
import fc from 'fast-check'
import { showCauseId } from '../store/ids.ts'
import { parseQuery } from './query.ts'

const conditions = (text: string): unknown => parseQuery(text).conditions
const faultAt = (text: string): unknown => {
  try {
    parseQuery(text)
  } catch (error) {
    if (isRedriveError(error, 'QUERY_INVALID')) return error.data['position']
    throw error
  }
  return 'accepted'
}

test('conditions, lists, negation, comparison and words', () => {
  assert.deepEqual(conditions('queue:orders tier:transient,timeout -error:ETIMEDOUT age:<2h ord-1042'), [
    { field: 'queue', values: ['orders'], negated: false },
    { field: 'tier', values: ['transient', 'timeout'], negated: false },
    { field: 'error', values: ['ETIMEDOUT'], negated: true },
    { field: 'age', operator: '<', value: 7_200_000 },
    { field: 'text', values: ['ord-1042'], negated: false },
  ])
})

test('quotes keep spaces, commas and colons', () => {
  assert.deepEqual(conditions('key:"a, b: c" "two words"'), [
    { field: 'key', values: ['a, b: c'], negated: false },
    { field: 'text', values: ['two words'], negated: false },
  ])
})

test('an empty query has no conditions', () => {
  assert.deepEqual(conditions('  '), [])
})

test('a word with a hyphen in front of a digit is a word, not a negation', () => {
  assert.deepEqual(conditions('-12'), [{ field: 'text', values: ['-12'], negated: false }])
})

test('mistakes are told with their position', () => {
  assert.equal(faultAt('queue:orders colour:red'), 13)
  assert.equal(faultAt('tier:bad'), 5)
  assert.equal(faultAt('queue:'), 6)
  assert.equal(faultAt('error:"never closed'), 6)
  assert.equal(faultAt('age:soon'), 4)
  assert.equal(faultAt('cause:c_zz'), 6)
  assert.equal(faultAt(`cause:${showCauseId(5n)}`), 'accepted')
})

test('any text is either read or refused as QUERY_INVALID', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ maxLength: 300 }), fc.stringMatching(/^[a-z:<>",\- 0-9]{0,80}$/)), (text) => {
      try {
        parseQuery(text)
      } catch (error) {
        assert.ok(isRedriveError(error, 'QUERY_INVALID'), String(error))
      }
    }),
  )
})
