import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultReplay, type ReplayPolicy } from '../config/index.ts'
import { canaryOf, decide, type Facts, gapMs, leftOutWords } from './decide.ts'

const nowMs = 1_800_000_000_000
const policy: ReplayPolicy = { ...defaultReplay, when: 'healthy', perHour: 100 }
const asked: ReplayPolicy = { ...policy, healthUrl: 'http://inventory/health' }
const quiet: Facts = {
  nowMs,
  failures: 0,
  nextAtMs: nowMs,
  stopped: null,
  going: null,
  ready: 30,
  leftOut: new Map(),
  sentInHour: 0,
  health: null,
}
const waits = (facts: Partial<Facts>, of: ReplayPolicy = policy): string => {
  const decision = decide(of, { ...quiet, ...facts })
  return decision.kind === 'wait' ? `${decision.state}: ${decision.why}` : decision.kind
}

test('what is ready is sent, at most what the hour has left and a run holds', () => {
  assert.deepEqual(decide(policy, quiet), { kind: 'send', letters: 30 })
  assert.deepEqual(decide(policy, { ...quiet, sentInHour: 90 }), { kind: 'send', letters: 10 })
  assert.match(waits({ sentInHour: 100 }), /^waiting: 100 letters were sent within the last hour/)
  assert.match(waits({ sentInHour: 130 }), /^waiting/, 'a policy that became stricter')
  assert.deepEqual(decide({ ...policy, perHour: 1_000_000 }, { ...quiet, ready: 9_000 }), {
    kind: 'send',
    letters: 5_000,
  })
})

test('by hand means that nothing is sent, whatever else holds', () => {
  assert.match(waits({ health: { isHealthy: true } }, { ...policy, when: 'by-hand' }), /^by-hand/)
})

test('one run at a time, also while a person has paused it and while its outcomes are waited for', () => {
  const going = (state: 'running' | 'paused' | 'done', problem: string | null = null) =>
    waits({ going: { run: 'r_1', state, problem } })
  assert.equal(going('running'), 'running: r_1 is running')
  assert.equal(going('paused', 'paused by ann'), 'running: r_1 is paused (paused by ann)')
  assert.match(going('done'), /^running: r_1 is sent; what became/)
})

test('what was stopped stays so', () => {
  assert.equal(waits({ stopped: { by: 'ann', why: 'a migration' } }), 'stopped: stopped by ann: a migration')
})

test('nothing begins before its time', () => {
  const later = { nextAtMs: nowMs + 1 }
  assert.match(waits(later), /^waiting: its last run was not long ago/)
  assert.equal(waits({ ...later, failures: 1 }), 'backing-off: its last run failed')
  assert.equal(waits({ ...later, failures: 3 }), 'backing-off: its last 3 runs failed')
  assert.deepEqual(decide(policy, { ...quiet, failures: 3 }), { kind: 'send', letters: 30 })
})

test('the backend is asked last, and only where somebody named it', () => {
  assert.equal(decide(asked, quiet).kind, 'ask')
  assert.equal(decide(asked, { ...quiet, ready: 0 }).kind, 'wait', 'nothing to send: nothing to ask')
  assert.equal(decide(asked, { ...quiet, sentInHour: 100 }).kind, 'wait')
  assert.equal(decide(asked, { ...quiet, nextAtMs: nowMs + 1 }).kind, 'wait')
  assert.deepEqual(decide(asked, { ...quiet, health: { isHealthy: true } }), { kind: 'send', letters: 30 })
  assert.equal(
    waits({ health: { isHealthy: false, problem: 'inventory answered 503' } }, asked),
    'waiting: its backend is not healthy: inventory answered 503',
  )
})

test('gaps double with each failure, up to six hours, and are the first again after a run that passed', () => {
  const minutes = [0, 1, 2, 3, 7, 8, 100].map((failures) => gapMs(policy, failures) / 60_000)
  assert.deepEqual(minutes, [5, 5, 10, 20, 320, 360, 360])
})

test('of few letters fewer go first', () => {
  assert.deepEqual(
    [1, 2, 3, 5, 6, 500].map((letters) => canaryOf(policy, letters)),
    [0, 1, 2, 4, 5, 5],
  )
})

test('why letters are left out is said with their number', () => {
  assert.equal(leftOutWords(new Map()), 'no letter is open')
  assert.equal(
    leftOutWords(new Map([['tried', 2] as const, ['taken', 1_234] as const])),
    'no letter may be sent: 1,234 of causes that a person acknowledged or snoozed, 2 sent by themselves as often as may be',
  )
})
