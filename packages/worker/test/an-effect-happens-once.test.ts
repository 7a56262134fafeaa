import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Broker } from '../src/broker.ts'
import { PermanentError } from '../src/control.ts'
import { effectKey } from '../src/effects/effect-key.ts'
import { stop, textOf } from './bed.ts'
import { effectsBed, leaseMs } from './effects-bed.ts'

const reset = (): Error => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' })
const refused = (): Error =>
  Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' })

test('what happened before a failure does not happen on the retry, and its result is the same', async () => {
  const { on, worker } = effectsBed()
  const charges: string[] = []
  const seen: unknown[] = []
  const running = await worker(async (message, { effects, attempt }) => {
    seen.push(
      await effects.once('charge', async ({ idempotencyKey }) => {
        charges.push(idempotencyKey)
        return { id: `ch_${charges.length}`, at: new Date(0) }
      }),
    )
    await effects.once('mail', () => void charges.push(`mail for ${textOf(message)}`))
    if (attempt < 3) throw reset()
  })
  await on.send('order')
  await on.until('it is handled', () => running.health().counters.handled === 1)
  assert.equal(charges.length, 2)
  assert.match(charges[0] ?? '', /^[0-9a-f]{64}$/)
  assert.deepEqual(seen, Array(3).fill({ id: 'ch_1', at: '1970-01-01T00:00:00.000Z' }))
  await stop(on, running)
})

test('what happened before a death does not happen on the replay, nor in another consumer’s name', async () => {
  const { on, store, worker, replay } = effectsBed()
  let charges = 0
  let isMended = false
  const keys = new Set<string>()
  const running = await worker(async (_, { effects }) => {
    await effects.once('charge', ({ idempotencyKey }) => {
      keys.add(idempotencyKey)
      return ++charges
    })
    if (!isMended) throw new PermanentError('bug')
  })
  await on.send('order')
  await on.until('it died', () => on.letters().length === 1)
  const [letter] = on.letters()
  isMended = true
  await replay(letter)
  await on.until('the replay is handled', () => on.depth('redrive-receipts') === 1)
  assert.equal(charges, 1)
  const id = letter?.wire?.id ?? ''
  const key = effectKey({ consumer: 'reefer', by: 'letter', id, name: 'charge' })
  assert.deepEqual([...keys], [key])
  assert.equal((await store.look(key))?.state, 'done')
  assert.notEqual(effectKey({ consumer: 'billing', by: 'letter', id, name: 'charge' }), key)
  await stop(on, running)
})

test('an effect that did not happen is tried again, one that may have happened is not', async () => {
  const { on, worker } = effectsBed()
  const calls = { refused: 0, reset: 0 }
  const running = await worker(async (message, { effects }) => {
    const kind = textOf(message) as keyof typeof calls
    await effects.once('charge', () => {
      if (++calls[kind] < 3) throw kind === 'refused' ? refused() : reset()
    })
  })
  await on.send('refused', 'reset')
  await on.until('one is handled', () => running.health().counters.handled === 1)
  await on.until('one is dead', () => on.letters().length === 1)
  assert.deepEqual(calls, { refused: 3, reset: 1 })
  const [letter] = on.letters()
  assert.deepEqual([letter?.body, letter?.wire?.tier, letter?.wire?.attempts], ['reset', 'permanent', 2])
  assert.match(letter?.wire?.failure?.message ?? '', /it may have happened: effect "charge"/)
  await stop(on, running)
})

test('an effect that is still going on is not begun by the next attempt, which gets its result', async () => {
  const { on, worker } = effectsBed()
  const slow = Promise.withResolvers<string>()
  let calls = 0
  const results: unknown[] = []
  const running = await worker(
    async (_, { effects }) => {
      results.push(
        await effects.once('charge', () => {
          calls++
          return slow.promise
        }),
      )
    },
    { timeoutMs: 1_000, retry: { maxAttempts: 8 } },
  )
  await on.send('order')
  // Several leases long: a live process prolongs.
  await on.clock.advance(2.5 * leaseMs)
  assert.equal(calls, 1)
  assert.ok(running.health().counters.retried >= 2)
  slow.resolve('ch_1')
  await on.until('it is handled', () => running.health().counters.handled === 1)
  assert.equal(calls, 1)
  assert.deepEqual(results, ['ch_1', 'ch_1'])
  await stop(on, running)
})

test('a handler that is late begins no effect', async () => {
  const { on, worker } = effectsBed()
  const hold = Promise.withResolvers<void>()
  const begun: number[] = []
  const codes: unknown[] = []
  const running = await worker(
    async (_, { effects, attempt }) => {
      if (attempt === 1) await hold.promise
      await effects
        .once('charge', () => void begun.push(attempt))
        .catch((error) => {
          codes.push(error.code)
          throw error
        })
    },
    { timeoutMs: 1_000 },
  )
  await on.send('order')
  await on.until('the retry is handled', () => running.health().counters.handled === 1)
  hold.resolve()
  await on.clock.settle()
  assert.deepEqual([begun, codes], [[2], ['EFFECT_BUSY']])
  await stop(on, running)
})

test('a message that nobody named gets a name first, and its effect happens once', async () => {
  const { on, worker } = effectsBed()
  const broker = on.broker()
  const nameless: Broker = {
    ...broker,
    async receive(place, options) {
      const subscription = await broker.receive(place, options)
      return {
        ...subscription,
        async next(room) {
          const deliveries = await subscription.next(room)
          for (const delivery of deliveries) Object.assign(delivery, { nativeId: null })
          return deliveries
        },
      }
    },
  }
  const named: boolean[] = []
  let charges = 0
  const running = await worker(
    async (_, { effects, named: isNamed }) => {
      named.push(isNamed)
      await effects.once('charge', () => void charges++)
    },
    { broker: nameless },
  )
  await on.send('order')
  await on.until('it is handled', () => running.health().counters.handled === 1)
  assert.deepEqual([named, charges], [[false, true], 1])
  await stop(on, running)
})

test('with an id of your own, two messages with one id are one', async () => {
  const { on, store, worker } = effectsBed()
  let charges = 0
  const running = await worker(
    async (_, { effects }) => {
      await effects.once('charge', () => void charges++)
    },
    { effects: { store, id: (message) => (textOf(message).startsWith('ord-') ? textOf(message) : null) } },
  )
  await on.send('ord-1', 'ord-1', 'ord-2', 'other', 'other')
  await on.until('all are handled', () => running.health().counters.handled === 5)
  assert.equal(charges, 4)
  await stop(on, running)
})

test('two effects of one name in one attempt are one effect', async () => {
  const { on, worker } = effectsBed()
  let charges = 0
  const results: number[] = []
  const running = await worker(async (_, { effects }) => {
    for (let n = 0; n < 2; n++) results.push(await effects.once('charge', () => ++charges))
  })
  await on.send('order')
  await on.until('it is handled', () => running.health().counters.handled === 1)
  assert.deepEqual(results, [1, 1])
  await stop(on, running)
})

test('a result that cannot be kept kills the message, and the effect stays done', async () => {
  const { on, worker, replay } = effectsBed()
  let calls = 0
  const running = await worker(async (message, { effects }) => {
    await effects.once('charge', () => {
      calls++
      return textOf(message) === 'big' ? 'x'.repeat(8_191) : (1n as unknown)
    })
  })
  await on.send('big', 'no json')
  await on.until('both died', () => on.letters().length === 2)
  assert.ok(
    on.letters().every(({ wire }) => wire?.tier === 'permanent' && /has happened/.test(wire.failure?.message ?? '')),
  )
  await replay(on.letters()[0])
  await on.until('it died again', () => on.letters().length === 3)
  assert.equal(calls, 2)
  await stop(on, running)
})

test('without a store, and in a transaction that the store has not, the error says what to do', async () => {
  const { on, worker } = effectsBed()
  const codes: unknown[] = []
  const without = await on.worker({
    handle: (_, context) => {
      try {
        void context.effects.once('x', () => undefined)
      } catch (error) {
        codes.push((error as { code: string }).code)
      }
    },
  })
  await on.send('a')
  await on.until('it is handled', () => without.health().counters.handled === 1)
  await stop(on, without)
  const running = await worker(async (_, { effects }) => {
    try {
      effects.in({})
    } catch (error) {
      codes.push((error as { code: string }).code)
    }
    await effects.once('', () => undefined).catch((error) => codes.push(error.code))
  })
  await on.send('b')
  await on.until('it is handled', () => running.health().counters.handled === 1)
  assert.deepEqual(codes, ['OPTION_INVALID', 'CAPABILITY_MISSING', 'OPTION_INVALID'])
  await stop(on, running)
})
