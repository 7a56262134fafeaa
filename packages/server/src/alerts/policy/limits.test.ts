import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { defaultLimits, limitsOf } from './limits.ts'
import { matches } from './matches.ts'

test('the first entry that matches and says a limit counts, then the default; a tier has none of its own unless one is said', () => {
  assert.deepEqual(limitsOf('orders', null, []), defaultLimits)
  const deaths = { deathPercent: 5, deathLeast: 20 }
  assert.deepEqual(limitsOf('orders', 'malformed', []), {
    open: null,
    ageHours: null,
    growth: false,
    ...deaths,
    deathPercent: null,
    silent: 'off',
  })
  const limits = [
    { queues: ['orders'], open: 5 },
    { queues: ['ord*'], open: 9, ageHours: 'off' },
    { queues: ['ordinary'], deathPercent: 2 },
    { queues: ['bill*'], deathLeast: 9 },
    { tier: 'timeout', deathPercent: 1 },
    { queues: ['odd'], deathPercent: 'off' },
    { tier: 'malformed', open: 2 },
    { growth: 'off', silent: 'ticket' },
  ] as const
  assert.deepEqual(limitsOf('orders', null, limits), {
    open: 5,
    ageHours: null,
    growth: false,
    ...deaths,
    silent: 'ticket',
  })
  assert.deepEqual(limitsOf('ordinary', null, limits), {
    open: 9,
    ageHours: null,
    growth: false,
    ...deaths,
    deathPercent: 2,
    silent: 'ticket',
  })
  assert.deepEqual(limitsOf('billing', null, limits), {
    open: 1_000,
    ageHours: 72,
    growth: false,
    ...deaths,
    deathLeast: 9,
    silent: 'ticket',
  })
  assert.equal(limitsOf('billing', 'malformed', limits).open, 2)
  assert.equal(limitsOf('billing', 'timeout', limits).open, null)
  assert.equal(limitsOf('billing', 'timeout', limits).deathPercent, 1)
  assert.equal(limitsOf('odd', null, limits).deathPercent, null)
})

test('a star stands for any text, and nothing else is special', () => {
  assert.ok(matches('a*b*c', 'a-b-b-c'))
  assert.ok(!matches('a*bc*bc', 'a-bc'), 'one text is not used twice')
  assert.ok(!matches('a.c', 'abc'))
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[ab.+]{0,3}$/), { minLength: 1, maxLength: 4 }),
      fc.stringMatching(/^[ab.+]{0,8}$/),
      (parts, name) => {
        const escaped = parts.map((part) => part.replaceAll(/[.+]/g, (each) => `\\${each}`))
        assert.equal(matches(parts.join('*'), name), new RegExp(`^${escaped.join('.*')}$`).test(name))
      },
    ),
  )
})
