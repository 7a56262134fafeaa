import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeHeaders } from '../store/header-list.ts'
import { isIncomplete, type RedactionRow } from './redacted.ts'

const headers = (...names: readonly string[]): Buffer =>
  encodeHeaders(names.map((name) => ({ name, value: Buffer.from('[redacted: email]') })))
const isOut = (redacted: readonly string[] | null, edited: Partial<RedactionRow> = {}): boolean =>
  isIncomplete({ version: 0, failure_headers: ['error'], redacted, is_marked: null, edited_headers: null, ...edited })
const edited = { version: 1, is_marked: false, edited_headers: headers() }

test('a letter is sent as it was where only what tells of its failure was redacted', () => {
  assert.equal(isOut(null), false)
  assert.equal(isOut(['email in error', 'path **.body in error']), false)
  for (const part of ['body', 'key', 'headers', 'properties', 'route'])
    assert.equal(isOut(['email in error', `email in ${part}`]), true, part)
  assert.equal(isOut(['header error in headers']), true, 'the last word counts')
})

test('an edit makes it whole, unless a mark is left in what is sent or what is lost cannot be edited', () => {
  const lost = ['email in body', 'email in error']
  assert.equal(isOut(lost, edited), false)
  assert.equal(isOut(lost, { ...edited, is_marked: true }), true)
  assert.equal(isOut(lost, { ...edited, edited_headers: headers('error', 'redrive', 'redrive-stack') }), false)
  assert.equal(isOut(lost, { ...edited, edited_headers: headers('x-customer') }), true)
  assert.equal(isOut(lost, { ...edited, edited_headers: null }), true)
  assert.equal(isOut([...lost, 'email in properties'], edited), true)
  assert.equal(isOut([...lost, 'its header in route'], edited), true)
})
