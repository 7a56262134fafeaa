import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRedriveError } from '../src/errors.ts'
import { outageOf } from '../src/testing/outage.ts'
import { createWorker } from '../src/worker.ts'
import { bed, never, stop, textOf } from './bed.ts'

test('stop lets running handlers finish and gives back the rest', async () => {
  const on = bed()
  const done: string[] = []
  const worker = await on.worker({
    concurrency: 2,
    async handle(message) {
      await on.clock.sleep(1_000)
      done.push(textOf(message))
    },
  })
  await on.send('1', '2', '3', '4')
  await on.until('two run', () => worker.health().running === 2)
  await stop(on, worker)
  assert.deepEqual(done, ['1', '2'])
  assert.equal(on.depth('orders'), 2)
  assert.equal(worker.health().state, 'stopped')
  const next = await on.worker({ handle: (message) => void done.push(textOf(message)) })
  await on.until('the rest is handled', () => done.length === 4)
  assert.equal(next.health().counters.crashed, 0)
  await stop(on, next)
})

test('what does not finish within shutdownMs is aborted and given back, not counted as a failure', async () => {
  const on = bed()
  const reasons: unknown[] = []
  const worker = await on.worker({
    shutdownMs: 5_000,
    async handle(message, { signal }) {
      if (textOf(message) === 'deaf') return never()
      await on.clock.sleep(60_000, signal)
      reasons.push(signal.reason)
      signal.throwIfAborted()
    },
  })
  await on.send('listens', 'deaf')
  await on.until('both run', () => worker.health().running === 2)
  const startMs = on.clock.now()
  await stop(on, worker)
  const tookMs = on.clock.now() - startMs
  assert.ok(tookMs >= 5_000 && tookMs <= 7_000, `stopped after ${tookMs} ms`)
  assert.equal((reasons[0] as Error).name, 'AbortError')
  assert.equal(on.depth('orders'), 2)
  assert.equal(on.depth('orders-retries-reefer') + on.letters().length, 0)
  const attempts: number[] = []
  const next = await on.worker({ handle: (_, { attempt }) => void attempts.push(attempt) })
  await on.until('handled', () => attempts.length === 2)
  assert.deepEqual(attempts, [1, 1])
  assert.equal(next.health().counters.crashed, 0)
  await stop(on, next)
})

for (const plays of ['queue', 'requeue', 'log'] as const) {
  test(`messages that wait in lanes go back and keep their time and count (${plays})`, async () => {
    const on = bed({ nativeDelay: false, plays })
    const times: number[] = []
    const attempts: number[] = []
    const handle = (_: unknown, { attempt }: { readonly attempt: number }): unknown => {
      times.push(on.clock.now())
      attempts.push(attempt)
      return attempt === 1 ? { kind: 'retry', delayMs: 8_000 } : undefined
    }
    const worker = await on.worker({ handle })
    await on.send('x')
    await on.until('it waits', () => worker.health().waitingInLanes === 1)
    await stop(on, worker)
    assert.equal(on.depth('orders-retries-reefer'), 1)
    const next = await on.worker({ handle })
    await on.until('handled', () => times.length === 2)
    assert.ok((times[1] ?? 0) - (times[0] ?? 0) >= 8_000)
    assert.deepEqual(attempts, [1, 2])
    assert.equal(next.health().counters.crashed, 0)
    await stop(on, next)
  })
}

test('what only waited in a lane when a process was lost is no suspect, not even after a clean stop', async () => {
  const on = bed({ nativeDelay: false })
  const first = on.broker()
  let handled = 0
  const handle = (): unknown => void handled++
  const doomed = await on.worker({
    broker: first,
    handle: (_, { attempt }) => (attempt === 1 ? { kind: 'retry', delayMs: 8_000 } : never()),
  })
  await on.send('x')
  await on.until('it waits', () => doomed.health().waitingInLanes === 1)
  first.crash()
  const second = await on.worker({ handle })
  await on.until('it waits again', () => second.health().waitingInLanes === 1)
  await stop(on, second)
  await on.clock.advance(20_000)
  const third = await on.worker({ handle })
  await on.until('handled', () => handled === 1)
  assert.equal(second.health().counters.crashed + third.health().counters.crashed, 0)
  await stop(on, third)
})

test('stop ends while the dead-letter place is out, and loses nothing', async () => {
  const on = bed()
  const outage = outageOf(on.broker())
  const worker = await on.worker({
    broker: outage.broker,
    shutdownMs: 2_000,
    handle: () => ({ kind: 'dead', cause: new Error('x') }),
  })
  outage.sleep({ places: ['orders-dead-letter'] })
  await on.send('x', 'y')
  await on.until('paused', () => worker.health().state === 'paused')
  await stop(on, worker)
  assert.equal(on.depth('orders'), 2)
  assert.equal(on.letters().length, 0)
})

test('stop ends while the whole broker is out', async () => {
  const on = bed()
  const outage = outageOf(on.broker())
  const worker = await on.worker({ broker: outage.broker, shutdownMs: 2_000, handle: () => on.clock.sleep(500) })
  await on.send('x', 'y')
  await on.until('both run', () => worker.health().running === 2)
  outage.sleep()
  await stop(on, worker)
  assert.equal(on.depth('orders'), 2, 'what could not be settled comes again')
})

test('stop ends although a send never answers', async () => {
  const on = bed()
  const inner = on.broker()
  const broker = { ...inner, send: () => never() }
  const worker = await on.worker({ broker, shutdownMs: 1_000, handle: () => ({ kind: 'dead', cause: new Error('x') }) })
  await on.send('x')
  await on.until('it runs', () => worker.health().running === 1)
  await stop(on, worker)
  assert.equal(on.depth('orders'), 1)
})

test('stop may be called twice, before start, and by leaving a block', async () => {
  const on = bed()
  const worker = await on.worker({ handle: () => undefined })
  const both = Promise.all([worker.stop(), worker.stop()])
  await on.clock.advance(2_000)
  await both
  await assert.rejects(worker.start(), (error) => isRedriveError(error, 'STATE_CONFLICT'))
  const unstarted = createWorker({ broker: on.broker(), queue: 'orders', handle: () => undefined })
  await unstarted.stop()
  assert.equal(unstarted.health().state, 'stopped')
})

test('a start that fails leaves nothing open and may be tried again', async () => {
  const on = bed()
  const inner = on.broker()
  let isOut = true
  const opened: string[] = []
  const closed: string[] = []
  const broker = {
    ...inner,
    async receive(...[place, options]: Parameters<typeof inner.receive>) {
      if (isOut && place === 'orders-suspects-reefer') throw new Error('no route')
      opened.push(place)
      const subscription = await inner.receive(place, options)
      return {
        ...subscription,
        close: (settled?: Promise<unknown>) => (closed.push(place), subscription.close(settled)),
      }
    },
  }
  let handled = 0
  const worker = createWorker({
    broker,
    queue: 'orders',
    consumer: 'reefer',
    clock: on.clock,
    handle: () => void handled++,
  })
  await assert.rejects(worker.start(), /no route/)
  assert.deepEqual(closed.toSorted(), opened.toSorted())
  isOut = false
  await worker.start()
  await on.send('x')
  await on.until('handled', () => handled === 1)
  await stop(on, worker)
})
