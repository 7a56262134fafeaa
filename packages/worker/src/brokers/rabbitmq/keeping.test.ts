import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { keepingOf } from './keeping.ts'

const none = { ageMs: null, messages: null, bytes: null, unusedMs: null, isCompacted: false }

test('arguments and policies limit a queue, the smaller of them', () => {
  const { longer: _, ...both } = keepingOf({
    arguments: { 'x-message-ttl': 5_000, 'x-max-length': 10, 'x-queue-type': 'quorum' },
    effective_policy_definition: { 'message-ttl': 4_000, 'max-length': 20, 'max-length-bytes': 99, expires: 7 },
  })
  assert.deepEqual(both, { ...none, ageMs: 4_000, messages: 10, bytes: 99, unusedMs: 7 })
})

test('a queue that refuses when it is full drops nothing', () => {
  for (const limits of [
    { arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' } },
    { effective_policy_definition: { 'max-length-bytes': 1, overflow: 'reject-publish-dlx' } },
  ]) {
    const { longer: _, ...keeps } = keepingOf(limits)
    assert.deepEqual(keeps, none)
  }
})

test('what can be done follows where the limit comes from', () => {
  assert.match(
    keepingOf({ arguments: { 'x-message-ttl': 1 } }).longer,
    /^declare a queue without x-message-ttl in place/,
  )
  const policed = keepingOf(
    { effective_policy_definition: { 'message-ttl': 1 }, policy: "it's short" },
    { vhost: 'a b' },
  )
  assert.equal(policed.longer, `rabbitmqctl list_policies -p 'a b'   (then set_policy with more for 'it'\\''s short')`)
})

test('whatever an answer holds, limits are numbers or none', () => {
  const names = fc.constantFrom('message-ttl', 'x-message-ttl', 'max-length', 'x-max-length', 'expires', 'overflow')
  const anything = fc.dictionary(names, fc.oneof(fc.jsonValue(), fc.nat()))
  fc.assert(
    fc.property(anything, anything, (own, policy) => {
      const { ageMs, messages, bytes, unusedMs } = keepingOf({ arguments: own, effective_policy_definition: policy })
      for (const each of [ageMs, messages, bytes, unusedMs]) assert.ok(each === null || Number.isFinite(each))
    }),
  )
})
