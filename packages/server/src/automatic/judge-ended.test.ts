import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeEnded, type RunFacts } from './judge-ended.ts'

const done: RunFacts = {
  state: 'done',
  verdict: 'pass',
  rule: null,
  problem: null,
  sent: 40,
  notSent: 0,
  confirmed: 40,
  returned: 0,
  pending: 0,
}
const verdict = (facts: Partial<RunFacts>) => judgeEnded({ ...done, ...facts })?.verdict ?? null

test('a run that goes on, and one that a person paused, are left alone', () => {
  assert.equal(verdict({ state: 'running' }), null)
  assert.equal(verdict({ state: 'paused', problem: 'paused by ann' }), null)
})

test('a halt and a canary without an answer fail it, and end it', () => {
  assert.deepEqual(judgeEnded({ ...done, state: 'halted', rule: 'canary', problem: '5 died' }), {
    verdict: 'failed',
    why: '5 died',
    hasToEnd: true,
  })
  assert.equal(judgeEnded({ ...done, state: 'paused', rule: 'verdict', problem: 'silence' })?.hasToEnd, true)
})

test('a cancel is a word about the policy, no failure', () => {
  assert.equal(verdict({ state: 'cancelled', problem: 'cancelled by ann' }), 'cancelled')
})

test('a run that sent everything is judged when all is known', () => {
  assert.equal(verdict({}), 'passed')
  assert.equal(verdict({ confirmed: 39, pending: 1 }), null)
  assert.equal(verdict({ confirmed: 39, pending: 0 }), 'passed', 'one of which nobody spoke any more')
})

test('a run whose letters come back fails at once, however few they are', () => {
  assert.equal(verdict({ confirmed: 38, returned: 2 }), 'passed')
  assert.equal(verdict({ confirmed: 37, returned: 3 }), 'failed')
  assert.equal(verdict({ sent: 1, confirmed: 0, returned: 1 }), 'failed')
  assert.equal(verdict({ sent: 3, confirmed: 2, returned: 1 }), 'failed')
  assert.equal(verdict({ confirmed: 0, returned: 10, pending: 30 }), 'failed', 'there is no need to wait')
})

test('silence is no success, and neither is a broker that takes nothing', () => {
  assert.match(judgeEnded({ ...done, confirmed: 0 })?.why ?? '', /nobody said/)
  assert.match(judgeEnded({ ...done, sent: 0, notSent: 40, confirmed: 0 })?.why ?? '', /could be sent/)
  assert.equal(verdict({ sent: 20, notSent: 20, confirmed: 20 }), 'passed')
})
