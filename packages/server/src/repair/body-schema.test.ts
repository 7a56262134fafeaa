import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodyProblem } from './body-schema.ts'

const order = JSON.stringify({
  type: 'object',
  required: ['id', 'currency'],
  properties: { id: { type: 'integer' }, currency: { enum: ['EUR', 'USD'] } },
})

test('a body fits its schema, or it is said where it does not', () => {
  assert.equal(bodyProblem(order, Buffer.from('{"id":9007199254740993,"currency":"EUR"}')), null)
  assert.match(bodyProblem(order, Buffer.from('{"id":1,"currency":"eur"}')) ?? '', /"\/currency"/)
  assert.match(bodyProblem(order, Buffer.from('{"id":1}')) ?? '', /the document .*currency/)
  assert.match(bodyProblem(order, Buffer.from('{')) ?? '', /no JSON/)
  assert.match(bodyProblem(order, null) ?? '', /no body/)
})

test('a schema can neither hang nor crash the office', () => {
  const startMs = performance.now()
  const evil = JSON.stringify({ type: 'string', pattern: '^(a+)+$' })
  assert.match(bodyProblem(evil, Buffer.from(`"${'a'.repeat(60)}b"`)) ?? '', /longer than/)
  assert.ok(performance.now() - startMs < 5_000)
  // On a busy machine even these can take longer than the standard.
  const patient = { maxMs: 60_000 }
  assert.match(bodyProblem('{"$ref":"#"}', Buffer.from('1'), patient) ?? '', /circles/)
  assert.match(bodyProblem('{"pattern":"("}', Buffer.from('"a"'), patient) ?? '', /pattern/)
  const deep = `${'['.repeat(500)}${']'.repeat(500)}`
  const nested = '{"$defs":{"a":{"type":"array","items":{"$ref":"#/$defs/a"}}},"$ref":"#/$defs/a"}'
  assert.equal(bodyProblem(nested, Buffer.from(deep), patient), null)
})
