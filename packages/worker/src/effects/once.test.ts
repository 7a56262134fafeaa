import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fakeClock } from '../testing/fake-clock.ts'
import { decideEffect } from './decide-effect.ts'
import { EffectNotDone } from './effect-errors.ts'
import type { EffectStore } from './effect-store.ts'
import { effectsOf } from './effects-of.ts'
import { memoryEffects } from './stores/memory.ts'

const leaseMs = 10_000

/** What one attempt meets. Crashes are calls that never come back. */
const steps = [
  'works',
  'not-done',
  'unclear-happened',
  'unclear-not',
  'crash-before',
  'crash-after',
  'two-at-once',
] as const

const step = fc.record({
  kind: fc.constantFrom(...steps),
  asks: fc.boolean(),
  waitMs: fc.constantFrom(0, leaseMs / 2, leaseMs + 1),
  decides: fc.boolean(),
})

test('however attempts end, an effect happens at most once when the truth is told, and its result never changes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (sequence) => {
      const clock = fakeClock()
      const real = memoryEffects({ clock })
      let happened = 0
      const results = new Set<unknown>()
      for (const { kind, asks, waitMs, decides } of sequence) {
        let isDead = false
        const never = new Promise<never>(() => undefined)
        // A dead process prolongs nothing.
        const store: EffectStore = { ...real, extend: (...each) => (isDead ? never : real.extend(...each)) }
        const effects = effectsOf(
          {
            consumer: 'c',
            letterId: 'l',
            named: true,
            message: { key: null, body: null, headers: [] },
            failedAtMs: null,
            signal: new AbortController().signal,
            isOver: () => false,
          },
          { store, id: null, leaseMs, keepMs: 86_400_000, timeoutMs: 1_000, clock },
        )
        const run = async (): Promise<string> => {
          if (kind === 'not-done') throw new EffectNotDone('refused')
          if (kind === 'unclear-not') throw new Error('time-out')
          if (kind !== 'crash-before') happened += 1
          if (kind === 'unclear-happened') throw new Error('time-out')
          isDead = kind === 'crash-before' || kind === 'crash-after'
          return isDead ? never : 'the result'
        }
        const lookUp = () =>
          happened > 0 ? { happened: true as const, result: 'the result' } : { happened: false as const }
        const call = (): Promise<unknown> =>
          effects.once('e', run, asks ? { onMaybe: lookUp } : {}).then(
            (result) => results.add(result),
            (error: { code?: string }) => error.code,
          )
        const calls = kind === 'two-at-once' ? [call(), call()] : [call()]
        if (!kind.startsWith('crash')) await Promise.all(calls)
        await clock.settle()
        await clock.advance(waitMs)
        if (decides)
          await decideEffect(real, {
            consumer: 'c',
            letterId: 'l',
            name: 'e',
            happened: happened > 0,
            result: 'the result',
          }).catch((error: { code?: string }) => assert.equal(error.code, 'STATE_CONFLICT'))
        assert.ok(happened <= 1, `happened ${happened} times`)
      }
      assert.deepEqual(
        [...results].filter((result) => result !== 'the result'),
        [],
      )
    }),
    { numRuns: 1_000 },
  )
})
