import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constant } from '../src/backoff.ts'
import { PermanentError } from '../src/control.ts'
import type { EffectStore } from '../src/effects/effect-store.ts'
import type { Receipt } from '../src/receipt.ts'
import { bed, stop, textOf } from './bed.ts'
import { effectsBed } from './effects-bed.ts'

const keepMs = 600_000

/** Copies of one message, as a producer sends them that did not hear the answer. */
const idOf = (message: Parameters<typeof textOf>[0]): string => textOf(message)

test('a message that was handled is acknowledged without a call, for as long as it is remembered', async () => {
  const { on, store, worker } = effectsBed()
  const calls: string[] = []
  const skipped: unknown[] = []
  const running = await worker((message) => void calls.push(textOf(message)), {
    processed: { store, id: idOf, keepMs },
  })
  running.on('skipped', (event) => skipped.push(event))
  await on.send('one')
  await on.until('it is handled', () => running.health().counters.handled === 1)
  await on.clock.advance(keepMs - 60_000)
  await on.send('one', 'two')
  await on.until('all are gone', () => on.depth('orders') === 0 && running.health().running === 0)
  assert.deepEqual(calls, ['one', 'two'])
  assert.deepEqual([running.health().counters.handled, running.health().counters.skipped, skipped.length], [2, 1, 1])
  await on.clock.advance(60_000)
  await on.send('one')
  await on.until('it is handled again', () => running.health().counters.handled === 3)
  await stop(on, running)
})

test('what failed, died or was discarded is not taken for handled', async () => {
  const { on, store, worker, replay } = effectsBed()
  let isMended = false
  const calls: string[] = []
  const running = await worker(
    (message, { attempt }) => {
      const body = textOf(message)
      calls.push(body)
      if (body === 'retried' && attempt === 1) throw Object.assign(new Error('down'), { code: 'ECONNRESET' })
      if (body === 'dies' && !isMended) throw new PermanentError('bug')
      if (body === 'discarded') return { kind: 'discard', reason: 'stale' }
    },
    { processed: { store } },
  )
  await on.send('retried', 'dies', 'discarded')
  await on.until('all ended', () => {
    const { handled, died, discarded } = running.health().counters
    return handled + died + discarded === 3
  })
  isMended = true
  const [letter] = on.letters()
  await replay(letter)
  await on.until('the replay is handled', () => running.health().counters.handled === 2)
  // A second copy of the replay, as of a send whose answer was lost.
  await replay(letter, 'replay-2')
  await on.until('two receipts', () => on.depth('redrive-receipts') === 2)
  assert.deepEqual(calls.toSorted(), ['dies', 'dies', 'discarded', 'retried', 'retried'])
  const receipts = on.letters('redrive-receipts').map(({ body }) => JSON.parse(body) as Receipt)
  assert.deepEqual(
    receipts.map(({ replayId, result }) => [replayId, result]),
    [
      ['replay-1', 'handled'],
      ['replay-2', 'handled'],
    ],
  )
  assert.equal(running.health().counters.skipped, 1)
  await stop(on, running)
})

test('an answer that comes too late is not taken for handled', async () => {
  const { on, store, worker } = effectsBed()
  const hold = Promise.withResolvers<void>()
  let calls = 0
  const running = await worker(() => (++calls === 1 ? hold.promise : undefined), {
    processed: { store },
    timeoutMs: 1_000,
    retry: { maxAttempts: 2, backoff: constant(5_000) },
  })
  await on.send('order')
  await on.clock.advance(2_000)
  hold.resolve()
  await on.until('the retry is handled', () => running.health().counters.handled === 1)
  assert.deepEqual([calls, running.health().counters.skipped], [2, 0])
  await stop(on, running)
})

test('a store that cannot be asked holds the handler back; one that cannot be told does not', async () => {
  for (const verb of ['look', 'put'] as const) {
    const { on, store, worker } = effectsBed()
    const broken: EffectStore = { ...store, [verb]: () => Promise.reject(new Error('down')) }
    let calls = 0
    const troubles: string[] = []
    const running = await worker(() => void calls++, { processed: { store: broken, id: idOf } })
    running.on('trouble', ({ message }) => troubles.push(message))
    await on.send('order')
    await on.until('it ended', () => running.health().counters.handled + running.health().counters.died === 1)
    assert.deepEqual([calls, on.letters().length], verb === 'look' ? [0, 1] : [1, 0], verb)
    if (verb === 'put') assert.match(troubles.join(), /could not be recorded/)
    else assert.equal(on.letters()[0]?.wire?.tier, 'transient')
    await stop(on, running)
  }
})

test('other consumers, and workers without the option, are called', async () => {
  const { on, store, worker } = effectsBed()
  const calls: string[] = []
  const one = await worker(() => void calls.push('one'), { processed: { store, id: idOf } })
  await on.send('order')
  await on.until('it is handled', () => calls.length === 1)
  await stop(on, one)
  const two = await worker(() => void calls.push('two'), { processed: { store, id: idOf }, consumer: 'billing' })
  await on.send('order')
  await on.until('it is handled', () => calls.length === 2)
  await stop(on, two)
  const three = await worker(() => void calls.push('three'))
  await on.send('order')
  await on.until('it is handled', () => calls.length === 3)
  await stop(on, three)
  assert.deepEqual(calls, ['one', 'two', 'three'])
})

test('options that cannot be used are refused by name', async () => {
  const { store } = effectsBed()
  const on = bed()
  for (const [options, name] of [
    [{ effects: {} }, /effects\.store/],
    [{ effects: { store, leaseMs: 10 } }, /effects\.leaseMs/],
    [{ effects: { store, keepMs: Number.NaN } }, /effects\.keepMs/],
    [{ processed: { store: null } }, /processed\.store/],
    [{ processed: { store, keepMs: 0 } }, /processed\.keepMs/],
  ] as const)
    await assert.rejects(on.worker({ handle: () => undefined, ...(options as object) }), {
      code: 'OPTION_INVALID',
      message: name,
    })
})
