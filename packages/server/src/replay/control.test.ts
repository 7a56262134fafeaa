import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRedriveError } from '@redrive/worker'
import fc from 'fast-check'
import { checkControl, defaultControl, noControl, paceAfter, type Ramp, secondsFor } from './control.ts'

const ramps = fc
  .record({
    from: fc.integer({ min: 1, max: 1_000 }),
    factor: fc.integer({ min: 1, max: 100 }),
    seconds: fc.integer({ min: 0, max: 600 }),
  })
  .map(({ from, factor, seconds }): Ramp => ({ from, to: from * factor, seconds }))

test('the pace never falls, begins at the slow end and stays at the fast one', () => {
  fc.assert(
    fc.property(
      ramps,
      fc.double({ min: 0, max: 700, noNaN: true }),
      fc.double({ min: 0, max: 700, noNaN: true }),
      (ramp, a, b) => {
        const [early, late] = a < b ? [a, b] : [b, a]
        assert.ok(paceAfter(ramp, early) <= paceAfter(ramp, late))
        assert.ok(paceAfter(ramp, late) <= ramp.to)
        assert.equal(paceAfter(ramp, ramp.seconds), ramp.to)
        // Whole letters, rounded down, at least one.
        if (ramp.seconds > 0)
          assert.ok(paceAfter(ramp, 0) >= Math.max(1, ramp.from - 1) && paceAfter(ramp, 0) <= ramp.from)
      },
    ),
  )
})

test('the time that is foretold is the one in which the pace adds up to the letters', () => {
  fc.assert(
    fc.property(ramps, fc.integer({ min: 1, max: 1_000_000 }), (ramp, letters) => {
      const seconds = secondsFor(letters, ramp)
      const steps = 20_000
      let sum = 0
      for (let step = 0; step < steps; step++) {
        const at = ((step + 0.5) / steps) * seconds
        sum +=
          ((at >= ramp.seconds ? ramp.to : ramp.from * (ramp.to / ramp.from) ** (at / ramp.seconds)) * seconds) / steps
      }
      assert.ok(
        Math.abs(sum - letters) <= Math.max(1e-3 * letters, (ramp.to * seconds) / steps),
        `${sum} of ${letters}`,
      )
    }),
    { numRuns: 100 },
  )
})

test('a ramp from ten to a thousand grows by the same factor in the same time', () => {
  const ramp = { from: 10, to: 1_000, seconds: 20 }
  assert.deepEqual(
    [0, 10, 20, 1e9, -5].map((seconds) => paceAfter(ramp, seconds)),
    [10, 100, 1_000, 1_000, 10],
  )
  assert.equal(secondsFor(500, { from: 50, to: 50, seconds: 30 }), 10)
})

test('what is out of bounds is refused with a name', () => {
  checkControl(defaultControl)
  checkControl(noControl)
  const halt = defaultControl.halt
  for (const wrong of [
    { pace: 0 },
    { pace: 1.5 },
    { pace: Number.NaN },
    { pace: 100_001 },
    { canary: -1 },
    { canary: 1_001 },
    { rampFrom: 51 },
    { rampSeconds: -1 },
    { verdictSeconds: 0 },
    { halt: { ...halt, returnedPercent: 101 } },
    { halt: { ...halt, returnedInARow: 0 } },
    { halt: { ...halt, returnedInARow: 201 } },
    { halt: { ...halt, notSentInARow: 0 } },
    { halt: { ...halt, lateSeconds: 0 } },
    { halt: { ...halt, letters: 0 } },
    { halt: { ...halt, seconds: 0 } },
  ]) {
    assert.throws(
      () => checkControl({ ...defaultControl, ...wrong }),
      (error) => isRedriveError(error, 'REQUEST_INVALID'),
      JSON.stringify(wrong),
    )
  }
})
