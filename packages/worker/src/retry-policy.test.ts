import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { constant, exponential } from './backoff.ts'
import { isRedriveError } from './errors.ts'
import type { FailureClass } from './failure.ts'
import {
  type Decision,
  decide,
  decideCrash,
  type Failure,
  maxAttemptsOf,
  type RetryOptions,
  retryPolicy,
} from './retry-policy.ts'

const failure = (over: Partial<Failure> = {}): Failure => ({
  failureClass: 'transient',
  attempts: 1,
  firstFailedAtMs: null,
  nowMs: 1_000_000,
  previousDelayMs: 0,
  random: () => 0.5,
  ...over,
})

test('by default five calls, a second doubled with full jitter', () => {
  const policy = retryPolicy()
  const decisions = [1, 2, 3, 4, 5].map((attempts) => decide(failure({ attempts }), policy))
  const retries: Decision[] = [500, 1000, 2000, 4000].map((delayMs) => ({ kind: 'retry', delayMs }))
  assert.deepEqual(decisions, [...retries, { kind: 'dead', reason: 'attempts', tier: 'transient' }])
})

test('permanent and malformed die at once; the tier is the class of the failure', () => {
  const policy = retryPolicy({ maxAttempts: 3 })
  for (const failureClass of ['permanent', 'malformed'] as const) {
    assert.deepEqual(decide(failure({ failureClass }), policy), {
      kind: 'dead',
      reason: 'rejected',
      tier: failureClass,
    })
    assert.equal(maxAttemptsOf(policy, failureClass), 1)
  }
  for (const failureClass of ['transient', 'timeout', 'unknown'] as const) {
    assert.equal(decide(failure({ failureClass, attempts: 2 }), policy).kind, 'retry')
    assert.deepEqual(decide(failure({ failureClass, attempts: 3 }), policy), {
      kind: 'dead',
      reason: 'attempts',
      tier: failureClass,
    })
  }
})

test('a class may have its own limits, or none', () => {
  const policy = retryPolicy({
    maxAttempts: 4,
    backoff: constant(10),
    perClass: { timeout: { maxAttempts: 2 }, permanent: { maxAttempts: 2, backoff: constant(99) }, unknown: 'never' },
  })
  assert.deepEqual(decide(failure({ failureClass: 'timeout' }), policy), { kind: 'retry', delayMs: 10 })
  assert.equal(decide(failure({ failureClass: 'timeout', attempts: 2 }), policy).kind, 'dead')
  assert.deepEqual(decide(failure({ failureClass: 'permanent' }), policy), { kind: 'retry', delayMs: 99 })
  assert.deepEqual(decide(failure({ failureClass: 'unknown' }), policy), {
    kind: 'dead',
    reason: 'rejected',
    tier: 'unknown',
  })
  assert.equal(maxAttemptsOf(policy, 'transient'), 4)
})

test('a retry that could only start after the budget is none', () => {
  const policy = retryPolicy({ maxAttempts: 100, budgetMs: 1000, backoff: constant(400) })
  const at = (usedMs: number): Decision => decide(failure({ firstFailedAtMs: 1_000_000 - usedMs, attempts: 3 }), policy)
  assert.deepEqual(at(600), { kind: 'retry', delayMs: 400 })
  assert.deepEqual(at(601), { kind: 'dead', reason: 'budget', tier: 'transient' })
  assert.deepEqual(at(-5_000), { kind: 'retry', delayMs: 400 }, 'a first failure in the future')
  assert.deepEqual(decide(failure({ retryAfterMs: 1001 }), policy), {
    kind: 'dead',
    reason: 'budget',
    tier: 'transient',
  })
})

test('Retry-After is a minimum; a delay the handler asked for replaces the backoff', () => {
  const policy = retryPolicy({ backoff: constant(1000) })
  assert.deepEqual(decide(failure({ retryAfterMs: 3000 }), policy), { kind: 'retry', delayMs: 3000 })
  assert.deepEqual(decide(failure({ retryAfterMs: 10 }), policy), { kind: 'retry', delayMs: 1000 })
  assert.deepEqual(decide(failure({ requestedDelayMs: 10, retryAfterMs: 3000 }), policy), {
    kind: 'retry',
    delayMs: 10,
  })
})

test('a message that takes the process down dies at the third time, exhausted', () => {
  const policy = retryPolicy()
  assert.deepEqual(
    [1, 2].map((crashes) => decideCrash(crashes, policy).kind),
    ['retry', 'retry'],
  )
  assert.deepEqual(decideCrash(3, policy), { kind: 'dead', reason: 'crashed', tier: 'exhausted' })
  assert.equal(decideCrash(1, retryPolicy({ maxCrashes: 1 })).kind, 'dead')
})

test('a faulty backoff does not stop the worker', () => {
  const faulty = [
    (): never => {
      throw new Error('backoff')
    },
    (): number => Number.NaN,
    (): number => -1,
  ]
  for (const delayMs of faulty) {
    assert.deepEqual(decide(failure(), retryPolicy({ backoff: { delayMs } })), { kind: 'retry', delayMs: 500 })
  }
})

test('never more than maxAttempts calls, never a negative delay, Retry-After and budget kept', () => {
  const time = fc.integer({ min: 0, max: 10_000_000 })
  const number = fc.oneof(
    time,
    fc.double(),
    fc.constantFrom(Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY),
  )
  const classes = fc.constantFrom<FailureClass>('transient', 'permanent', 'malformed', 'timeout', 'unknown')
  const steps = fc.array(
    fc.record({
      failureClass: classes,
      tookMs: time,
      retryAfterMs: fc.option(time, { nil: undefined }),
      requestedDelayMs: fc.option(number, { nil: undefined }),
    }),
    { minLength: 60, maxLength: 60 },
  )
  const options = fc.record({
    maxAttempts: fc.integer({ min: 1, max: 50 }),
    budgetMs: fc.option(time, { nil: Number.POSITIVE_INFINITY }),
  })
  fc.assert(
    fc.property(
      options,
      steps,
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      ({ maxAttempts, budgetMs }, results, random) => {
        const policy = retryPolicy({ maxAttempts, budgetMs, backoff: exponential({ firstMs: 7, maxMs: 5000 }) })
        let nowMs = 0
        let firstFailedAtMs: number | null = null
        let previousDelayMs = 0
        let attempts = 0
        for (const { tookMs, ...result } of results) {
          attempts += 1
          nowMs += tookMs
          const decision = decide(
            { ...result, attempts, firstFailedAtMs, nowMs, previousDelayMs, random: () => random },
            policy,
          )
          firstFailedAtMs ??= nowMs
          if (decision.kind === 'dead') break
          assert.ok(Number.isSafeInteger(decision.delayMs) && decision.delayMs >= 0)
          if (result.requestedDelayMs === undefined) assert.ok(decision.delayMs >= (result.retryAfterMs ?? 0))
          nowMs += decision.delayMs
          assert.ok(nowMs - firstFailedAtMs <= budgetMs)
          previousDelayMs = decision.delayMs
        }
        assert.ok(attempts <= maxAttempts)
      },
    ),
    { numRuns: 1000 },
  )
})

test('options that make no sense are refused by name, with a hint', () => {
  const wrong: [unknown, RegExp][] = [
    [{ maxAttempts: 0 }, /^retry\.maxAttempts is 0$/],
    [{ maxAttempts: 2.5 }, /maxAttempts/],
    [{ maxAttempts: Number.POSITIVE_INFINITY }, /maxAttempts/],
    [{ maxAttempts: '3' }, /maxAttempts/],
    [{ budgetMs: -1 }, /budgetMs/],
    [{ budgetMs: '5m' }, /budgetMs/],
    [{ maxCrashes: 0 }, /maxCrashes/],
    [{ backoff: 5 }, /backoff/],
    [{ backoff: null }, /backoff/],
    [{ maxAttempt: 3 }, /^retry\.maxAttempt is not an option$/],
    [{ perClass: { timeouts: 'never' } }, /^retry\.perClass\.timeouts is not an option$/],
    [{ perClass: { timeout: 'always' } }, /^retry\.perClass\.timeout is always$/],
    [{ perClass: { timeout: { maxAttempts: 0 } } }, /^retry\.perClass\.timeout\.maxAttempts is 0$/],
    [{ perClass: null }, /^retry\.perClass is null$/],
    [null, /^retry is null$/],
    [{ perClass: { exhausted: 'never' } }, /exhausted/],
  ]
  for (const [options, message] of wrong) {
    assert.throws(
      () => retryPolicy(options as RetryOptions),
      (error) => isRedriveError(error, 'OPTION_INVALID') && message.test(error.message) && error.hint !== undefined,
    )
  }
})
