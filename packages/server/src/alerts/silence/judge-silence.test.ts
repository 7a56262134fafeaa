import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { judgeSilence } from './judge-silence.ts'

const week = 168
const history = (of: (hour: number) => number): number[] => Array.from({ length: 4 * week }, (_, hour) => of(hour))
const quiet = (hours: number): number[] => Array.from({ length: hours }, () => 0)
/** After how many hours of silence it is said first. */
const saidAfter = (hours: readonly number[]): number | undefined =>
  Array.from({ length: 3 * week }, (_, n) => n).find((n) => judgeSilence([...hours, ...quiet(n)]) !== null)

test('letters each hour are missed after ten hours, every second hour after twenty', () => {
  assert.equal(saidAfter(history(() => 1)), 10)
  // Ends with an hour that had some: the first of the hours that are compared had none.
  assert.equal(saidAfter(history((hour) => hour % 2)), 20)
  assert.deepEqual(judgeSilence([...history(() => 1), ...quiet(12)]), { hours: 12, usual: 12, letters: 672 })
})

test('a source of working hours is not missed at night or over a weekend', () => {
  const working = history((hour) => ((hour % week) / 24 < 5 && hour % 24 >= 9 && hour % 24 < 17 ? 3 : 0))
  const end = working.findLastIndex((letters) => letters > 0) + 1
  // Four full weeks have to be known before the last letter.
  const whole = [...working.slice(end), ...working.slice(0, end)]
  // From Friday 17:00 to Monday 9:00 are 64 hours.
  const after = saidAfter(whole)
  assert.ok(after !== undefined && after > 128, `${after} h`)
})

test('a small source, a young one and one that brought all at once never alarm', () => {
  assert.equal(saidAfter(history((hour) => (hour % 24 === 23 ? 1 : 0))), undefined, '28 letters')
  assert.equal(saidAfter(history(() => 1).slice(1)), undefined, 'a week is not whole yet')
  assert.equal(saidAfter(history((hour) => (hour === 0 || hour === 671 ? 10_000 : 0))), undefined)
})

test('fifty letters of four weeks are enough, and 48 are not', () => {
  assert.equal(saidAfter(history((hour) => (hour % 14 === 13 ? 1 : 0))), undefined)
  assert.ok(saidAfter(history((hour) => (hour % 13 === 8 ? 1 : 0))))
})

test('a queue that had a whole week without letters may have another', () => {
  const holiday = history((hour) => (hour >= 2 * week && hour < 3 * week ? 0 : 1))
  assert.equal(saidAfter(holiday), undefined)
})

test('a letter ends it, and what is said needs more silence than there ever was', () => {
  const counts = fc.array(fc.nat(3), { minLength: 4 * week, maxLength: 5 * week })
  fc.assert(
    fc.property(counts, fc.nat(2 * week), (hours, silent) => {
      const now = [...hours, ...quiet(silent)]
      const verdict = judgeSilence(now)
      assert.equal(judgeSilence([...now, 1]), null)
      if (verdict === null) return
      const longest = Math.max(
        ...hours
          .map(String)
          .join('')
          .split(/[1-9]/)
          .map((each) => each.length),
      )
      assert.ok(verdict.hours >= 6 && verdict.hours > longest)
    }),
    { numRuns: 50 },
  )
})
