import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideEffect, lookAtEffect } from '../src/effects/decide-effect.ts'
import { EffectNotDone } from '../src/effects/effect-errors.ts'
import type { EffectStore } from '../src/effects/effect-store.ts'
import type { EffectMaybe, Effects, OnMaybe } from '../src/effects/effects.ts'
import { never, stop } from './bed.ts'
import { type EffectsBed, effectsBed, leaseMs } from './effects-bed.ts'

/** A process dies after it has begun, and another one takes over: called with what that one does. */
async function afterACrash(
  made: EffectsBed,
  handle: (effects: Effects) => unknown,
): Promise<{ readonly worker: Awaited<ReturnType<EffectsBed['worker']>> }> {
  const { on, store, worker } = made
  const doomed = on.broker()
  // Its clock runs on with ours, so it has to be kept from prolonging.
  const dying: EffectStore = { ...store, extend: never }
  await worker((_, { effects }) => effects.once('charge', never), {
    broker: doomed,
    effects: { store: dying, leaseMs },
  })
  await on.send('order')
  await on.clock.advance(10)
  doomed.crash()
  return { worker: await worker((_, { effects }) => handle(effects)) }
}

test('an effect of a lost process is left alone for a lease, then the message dies for a person to decide', async () => {
  const made = effectsBed()
  const { on, store, replay } = made
  let charges = 0
  const fromMs = on.clock.now()
  const results: unknown[] = []
  const { worker } = await afterACrash(made, async (effects) => {
    results.push(await effects.once('charge', () => `ch_${++charges}`))
  })
  await on.until('it died', () => on.letters().length === 1)
  const diedAfterMs = on.clock.now() - fromMs
  assert.ok(diedAfterMs >= leaseMs, `${diedAfterMs} ms`)
  const [letter] = on.letters()
  assert.equal(letter?.wire?.tier, 'permanent')
  assert.match(letter.wire.failure?.message ?? '', /it may have happened: effect "charge".*began it and was lost/)
  assert.equal(charges, 0)

  const effect = { consumer: 'reefer', letterId: letter.wire.id, name: 'charge' }
  assert.equal((await lookAtEffect(store, effect))?.state, 'maybe')
  await replay(letter)
  await on.until('it died again, undecided', () => on.letters().length === 2)
  assert.equal(charges, 0)
  await decideEffect(store, { ...effect, happened: true, result: 'ch_found' })
  await replay(letter, 'replay-2')
  await on.until('the replay is handled', () => worker.health().counters.handled === 1)
  assert.deepEqual([charges, results], [0, ['ch_found']])
  await decideEffect(store, { ...effect, happened: false })
  await replay(letter, 'replay-3')
  await on.until('the replay is handled', () => worker.health().counters.handled === 2)
  assert.deepEqual([charges, results], [1, ['ch_found', 'ch_1']])
  await stop(on, worker)
})

const choices: readonly {
  readonly name: string
  readonly onMaybe: OnMaybe<string>
  readonly expected: readonly [number, unknown]
}[] = [
  { name: 'run', onMaybe: 'run', expected: [1, 'ch_1'] },
  { name: 'skip', onMaybe: 'skip', expected: [0, undefined] },
  { name: 'a look-up that finds it', onMaybe: () => ({ happened: true, result: 'found' }), expected: [0, 'found'] },
  { name: 'a look-up that does not', onMaybe: async () => ({ happened: false }), expected: [1, 'ch_1'] },
]

for (const { name, onMaybe, expected } of choices) {
  test(`the handler decides: ${name}`, async () => {
    const made = effectsBed()
    let charges = 0
    const results: unknown[] = []
    const { worker } = await afterACrash(made, async (effects) => {
      for (let n = 0; n < 2; n++)
        results.push(await effects.once('charge', () => `ch_${++charges}`, { onMaybe: onMaybe as 'run' }))
    })
    await made.on.until('it is handled', () => worker.health().counters.handled === 1)
    assert.deepEqual([charges, results], [expected[0], [expected[1], expected[1]]])
    await stop(made.on, worker)
  })
}

test('a look-up that fails leaves the question open, for the next attempt to ask again', async () => {
  const made = effectsBed()
  const asked: EffectMaybe[] = []
  let charges = 0
  const { worker } = await afterACrash(made, (effects) =>
    effects.once('charge', () => void charges++, {
      onMaybe(maybe) {
        asked.push(maybe)
        if (asked.length < 3) throw Object.assign(new Error('down'), { code: 'ECONNRESET' })
        return { happened: true, result: undefined }
      },
    }),
  )
  await made.on.until('it is handled', () => worker.health().counters.handled === 1)
  assert.equal(charges, 0)
  assert.deepEqual(
    asked.map(({ why, name }) => [why, name]),
    Array(3).fill(['interrupted', 'charge']),
  )
  assert.equal(new Set(asked.map(({ idempotencyKey }) => idempotencyKey)).size, 1)
  await stop(made.on, worker)
})

test('what failing means can be said: for all failures, by the error, or by the failure itself', async () => {
  const { on, worker } = effectsBed()
  const said = { all: 0, byError: 0, itself: 0 }
  const running = await worker(async (_, { effects }) => {
    const fail = (name: keyof typeof said) => () => {
      if (++said[name] === 1) throw name === 'itself' ? new EffectNotDone('declined') : new Error('unclear')
    }
    await effects.once('all', fail('all'), { failedMeans: 'not-done' })
    await effects.once('byError', fail('byError'), {
      failedMeans: (error) => (error instanceof Error && error.message === 'unclear' ? 'not-done' : 'maybe'),
    })
    await effects.once('itself', fail('itself'))
  })
  await on.send('order')
  await on.until('it is handled', () => running.health().counters.handled === 1)
  assert.deepEqual(said, { all: 2, byError: 2, itself: 2 })
  await stop(on, running)
})

test('what was run again by choice and then refused is still a maybe', async () => {
  const made = effectsBed()
  let calls = 0
  const { worker } = await afterACrash(made, (effects) =>
    effects.once(
      'charge',
      () => {
        calls++
        throw new EffectNotDone('declined')
      },
      calls === 0 ? { onMaybe: 'run' } : {},
    ),
  )
  await made.on.until('it died', () => made.on.letters().length === 1)
  assert.equal(calls, 1)
  assert.match(made.on.letters()[0]?.wire?.failure?.message ?? '', /began it and was lost/)
  await stop(made.on, worker)
})

test('a message older than its records is a maybe, until somebody decides', async () => {
  const { on, store, worker, replay } = effectsBed()
  let charges = 0
  let isMended = false
  const running = await worker(
    async (_, { effects }) => {
      await effects.once('charge', () => void charges++)
      if (!isMended) throw Object.assign(new Error('bug'), { status: 422 })
    },
    { effects: { store, leaseMs, keepMs: 3_600_000 } },
  )
  await on.send('order')
  await on.until('it died', () => on.letters().length === 1)
  isMended = true
  await on.clock.advance(3_600_000)
  const [letter] = on.letters()
  for (const replayId of ['replay-1', 'replay-2']) {
    const before = on.letters().length
    await replay(letter, replayId)
    await on.until('it died', () => on.letters().length === before + 1)
  }
  assert.match(on.letters()[1]?.wire?.failure?.message ?? '', /older than records are kept/)
  assert.equal(charges, 1)
  await decideEffect(store, { consumer: 'reefer', letterId: letter?.wire?.id ?? '', name: 'charge', happened: false })
  await replay(letter, 'replay-3')
  await on.until('the replay is handled', () => running.health().counters.handled === 1)
  assert.equal(charges, 2)
  await stop(on, running)
})

/** Fails for as many calls of one verb. */
function failing(store: EffectStore, verb: 'begin' | 'settle', times: number): EffectStore {
  let left = times
  return {
    ...store,
    [verb]: (...parameters: readonly never[]) =>
      left-- > 0
        ? Promise.reject(new Error('the store is down'))
        : (store[verb] as (...each: readonly never[]) => unknown)(...parameters),
  }
}

test('a store that is away for a moment is got over; longer, and the message is called again', async () => {
  for (const [verb, times, expected] of [
    ['begin', 2, { charges: 1, retried: 0, died: 0 }],
    ['begin', 3, { charges: 1, retried: 1, died: 0 }],
    ['settle', 2, { charges: 1, retried: 0, died: 0 }],
    ['settle', 3, { charges: 1, retried: 2, died: 1 }],
  ] as const) {
    const { on, store, worker } = effectsBed()
    let charges = 0
    const running = await worker(
      async (_, { effects }) => {
        await effects.once('charge', () => void charges++)
      },
      { effects: { store: failing(store, verb, times), leaseMs } },
    )
    await on.send('order')
    await on.until('it ended', () => running.health().counters.handled + running.health().counters.died === 1)
    const { retried, died } = running.health().counters
    assert.deepEqual({ charges, retried, died }, expected, `${verb} fails ${times} times`)
    await stop(on, running)
  }
})
