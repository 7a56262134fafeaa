import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultHaltRules, fewestOutcomes, type HaltRules, noControl } from './control.ts'
import { adviceOn, brokenRule, judgeCanary, type Signs } from './judge.ts'

const counts = { letters: 5, confirmed: 0, returned: 0, doubted: 0, lookedFor: 0, waitedSeconds: 0 }

test('a canary passes only when all of its letters were handled', () => {
  assert.equal(judgeCanary({ ...counts, confirmed: 5 }, 60)?.verdict, 'pass')
  assert.equal(judgeCanary({ ...counts, confirmed: 4 }, 60), null)
  assert.equal(judgeCanary({ ...counts, confirmed: 4, waitedSeconds: 59.9 }, 60), null)
  assert.equal(judgeCanary({ ...counts, confirmed: 4, waitedSeconds: 60 }, 60)?.verdict, 'inconclusive')
})

test('one return fails a canary at once, whatever else is known', () => {
  const verdict = judgeCanary({ ...counts, confirmed: 3, returned: 1, doubted: 1 }, 60)
  assert.deepEqual(verdict, { verdict: 'fail', why: '1 of 5 canary letters died again' })
})

test('a canary whose letters were not sent for certain is inconclusive as soon as nothing else is waited for', () => {
  assert.equal(judgeCanary({ ...counts, confirmed: 3, doubted: 1 }, 60), null)
  const verdict = judgeCanary({ ...counts, confirmed: 4, doubted: 1 }, 60)
  assert.equal(verdict?.verdict, 'inconclusive')
  assert.match(verdict?.why ?? '', /1 of 5 canary letters were not sent for certain/)
})

test('canary letters that are looked for are waited for as long as the others', () => {
  assert.equal(judgeCanary({ ...counts, confirmed: 4, lookedFor: 1 }, 60), null)
  const verdict = judgeCanary({ ...counts, confirmed: 3, doubted: 1, lookedFor: 1, waitedSeconds: 60 }, 60)
  assert.equal(verdict?.verdict, 'inconclusive')
  assert.match(verdict?.why ?? '', /2 of 5 canary letters were not sent for certain/)
})

const off = noControl.halt
const calm: Signs = {
  outcomes: [],
  newCause: null,
  notSentInARow: 0,
  lastRefusal: null,
  oldestWaitingSeconds: null,
  sent: 0,
  seconds: 0,
}
const confirmed = { outcome: 'confirmed', cause: null } as const
const returned = { outcome: 'returned', cause: 'same' } as const
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value)
const broken = (rules: Partial<HaltRules>, signs: Partial<Signs>): string | undefined =>
  brokenRule({ ...off, ...rules }, { ...calm, ...signs })?.rule

test('each rule breaks at its threshold and not before it', () => {
  assert.equal(broken({ returnedInARow: 3 }, { outcomes: times(2, returned) }), undefined)
  assert.equal(broken({ returnedInARow: 3 }, { outcomes: times(3, returned) }), 'returnedInARow')
  assert.equal(broken({ notSentInARow: 20 }, { notSentInARow: 19 }), undefined)
  assert.equal(broken({ notSentInARow: 20 }, { notSentInARow: 20 }), 'notSentInARow')
  assert.equal(broken({ lateSeconds: 10 }, { oldestWaitingSeconds: 10 }), undefined)
  assert.equal(broken({ lateSeconds: 10 }, { oldestWaitingSeconds: 10.1 }), 'lateSeconds')
  assert.equal(broken({ letters: 100 }, { sent: 99 }), undefined)
  assert.equal(broken({ letters: 100 }, { sent: 100 }), 'letters')
  assert.equal(broken({ seconds: 60 }, { seconds: 59.9 }), undefined)
  assert.equal(broken({ seconds: 60 }, { seconds: 60 }), 'seconds')
  assert.equal(broken({ newCause: true }, { newCause: 'TypeError' }), 'newCause')
})

test('a share of returns is judged from twenty outcomes on, and only above the limit', () => {
  const outcomes = (returns: number, count: number) => [
    ...times(returns, returned),
    ...times(count - returns, confirmed),
  ]
  const rules = { returnedPercent: 5 }
  assert.equal(broken(rules, { outcomes: outcomes(fewestOutcomes - 1, fewestOutcomes - 1) }), undefined)
  assert.equal(broken(rules, { outcomes: outcomes(1, 20) }), undefined)
  assert.equal(broken(rules, { outcomes: outcomes(2, 20) }), 'returnedPercent')
  assert.equal(broken(rules, { outcomes: outcomes(10, 200) }), undefined)
  assert.equal(broken(rules, { outcomes: outcomes(11, 200) }), 'returnedPercent')
  assert.equal(broken({ returnedPercent: 0 }, { outcomes: outcomes(1, 200) }), 'returnedPercent')
  assert.equal(broken({ returnedPercent: 100 }, { outcomes: outcomes(200, 200) }), undefined)
})

test('returns in a row are the newest ones, without a success and without another known cause between them', () => {
  const rules = { returnedInARow: 3 }
  const other = { outcome: 'returned', cause: 'other' } as const
  assert.equal(broken(rules, { outcomes: [confirmed, ...times(9, returned)] }), undefined)
  assert.equal(broken(rules, { outcomes: [returned, other, returned, ...times(9, returned)] }), undefined)
  const unknown = { outcome: 'returned', cause: null } as const
  assert.equal(broken(rules, { outcomes: [unknown, returned, unknown, confirmed] }), 'returnedInARow')
})

test('without rules nothing halts, and a healthy run breaks none of the usual ones', () => {
  const worst: Signs = {
    outcomes: times(200, returned),
    newCause: 'TypeError',
    notSentInARow: 1e6,
    lastRefusal: 'no',
    oldestWaitingSeconds: 1e6,
    sent: 1e6,
    seconds: 1e6,
  }
  assert.equal(brokenRule(off, worst), null)
  assert.equal(
    brokenRule(defaultHaltRules, { ...calm, outcomes: times(200, confirmed), sent: 1e6, seconds: 1e6 }),
    null,
  )
})

test('each halt says why in words and what to do', () => {
  const worst: Signs = {
    outcomes: times(20, returned),
    newCause: 'TypeError: x',
    notSentInARow: 20,
    lastRefusal: 'no such topic',
    oldestWaitingSeconds: 99,
    sent: 100,
    seconds: 100,
  }
  const each: readonly (readonly [Partial<HaltRules>, RegExp])[] = [
    [{ newCause: true }, /something new: TypeError: x/],
    [{ returnedInARow: 5 }, /the last 5 letters died again/],
    [{ returnedPercent: 5 }, /20 of the last 20 letters died again, more than 5 %/],
    [{ notSentInARow: 20 }, /the last 20 letters could not be sent for certain: no such topic/],
    [{ lateSeconds: 10 }, /nobody has said for 99 s/],
    [{ letters: 100 }, /100 letters were sent/],
    [{ seconds: 100 }, /gone on for 100 s/],
  ]
  for (const [rules, why] of each) {
    const found = brokenRule({ ...off, ...rules }, worst)
    assert.match(found?.why ?? '', why)
    assert.notEqual(adviceOn(found?.rule ?? ''), adviceOn('nothing of this name'))
  }
})
