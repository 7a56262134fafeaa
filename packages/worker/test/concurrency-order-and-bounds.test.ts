import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { memoryBroker } from '../src/brokers/memory/index.ts'
import { createWorker } from '../src/worker.ts'
import { bed, messageOf, stop, textOf } from './bed.ts'

test('with order by key, messages of a key run one after another as they arrived, and keys run side by side', async () => {
  const arbitrary = fc.array(
    fc.record({ key: fc.constantFrom('a', 'b', 'c', null), ms: fc.integer({ min: 0, max: 50 }), fails: fc.boolean() }),
    { minLength: 1, maxLength: 60 },
  )
  await fc.assert(
    fc.asyncProperty(
      arbitrary,
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 3 }),
      async (messages, concurrency, partitions) => {
        const on = bed({ partitions })
        const running = new Map<string, number>()
        const order = new Map<string, number[]>()
        let most = 0
        let now = 0
        let overlaps = 0
        const worker = await on.worker({
          order: 'key',
          concurrency,
          async handle(message, { attempt }) {
            const key = message.key === null ? null : Buffer.from(message.key).toString()
            const n = Number(textOf(message))
            if (attempt > 1) return
            if (key !== null) {
              if ((running.get(key) ?? 0) > 0) overlaps++
              running.set(key, 1)
              order.set(key, [...(order.get(key) ?? []), n])
            }
            most = Math.max(most, ++now)
            await on.clock.sleep(messages[n]?.ms ?? 0)
            now--
            if (key !== null) running.set(key, 0)
            if (messages[n]?.fails) throw Object.assign(new Error('down'), { code: 'ECONNRESET' })
          },
        })
        await on.send(
          ...messages.map(({ key }, n) => messageOf(String(n), { key: key === null ? null : Buffer.from(key) })),
        )
        await on.until('all left', () => on.depth('orders') + on.depth('orders-retries-reefer') === 0)
        for (const [key, seen] of order) {
          const sent = messages.flatMap((message, n) => (message.key === key ? [n] : []))
          assert.deepEqual(seen, sent)
        }
        assert.ok(most <= concurrency)
        assert.equal(overlaps, 0)
        assert.equal(on.letters().length, 0)
        await stop(on, worker)
      },
    ),
    { numRuns: 60 },
  )
})

test('with order by partition one message of each runs at a time', async () => {
  const on = bed({ partitions: 3 })
  const running = new Map<string, number>()
  const seen = new Map<string, number[]>()
  let overlaps = 0
  let most = 0
  const worker = await on.worker({
    order: 'partition',
    concurrency: 10,
    async handle(message, { origin }) {
      const partition = origin.partition ?? ''
      running.set(partition, (running.get(partition) ?? 0) + 1)
      if ((running.get(partition) ?? 0) > 1) overlaps++
      most = Math.max(
        most,
        [...running.values()].reduce((sum, each) => sum + each, 0),
      )
      seen.set(partition, [...(seen.get(partition) ?? []), Number(textOf(message))])
      await on.clock.sleep(10)
      running.set(partition, 0)
    },
  })
  await on.send(...Array.from({ length: 60 }, (_, n) => messageOf(String(n), { key: Buffer.from(`key ${n % 12}`) })))
  await on.until('all handled', () => on.depth('orders') === 0)
  for (const numbers of seen.values())
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    )
  assert.equal(overlaps, 0)
  assert.equal(most, seen.size, 'partitions run side by side')
  await stop(on, worker)
})

test('a key of your own orders, and one that throws waits for nothing', async () => {
  const on = bed()
  const seen: string[] = []
  const worker = await on.worker({
    order: 'key',
    key(message) {
      if (textOf(message) === 'odd') throw new Error('no key')
      return 'all'
    },
    async handle(message) {
      seen.push(textOf(message))
      await on.clock.sleep(1_000)
    },
  })
  await on.send('1', '2', 'odd')
  await on.until('two run', () => seen.length === 2)
  assert.deepEqual(seen, ['1', 'odd'])
  await on.until('all handled', () => on.depth('orders') === 0)
  await stop(on, worker)
})

test('no more than concurrency run, and no more bytes than allowed are in memory', async () => {
  const on = bed()
  let running = 0
  let most = 0
  const worker = await on.worker({
    concurrency: 4,
    maxInFlightBytes: 10_000,
    async handle() {
      most = Math.max(most, ++running)
      await on.clock.sleep(20)
      running--
    },
  })
  const inFlight: number[] = []
  await on.send(...Array.from({ length: 40 }, () => 'x'.repeat(3_000)))
  await on.until(
    'all handled',
    () => {
      inFlight.push(worker.health().running + worker.health().queued)
      return on.depth('orders') === 0
    },
    10,
  )
  assert.equal(most, 3, 'three of 3,000 bytes fit 10,000')
  assert.equal(Math.max(...inFlight), 3)
  await stop(on, worker)

  most = 0
  const small = await on.worker({
    concurrency: 4,
    async handle() {
      most = Math.max(most, ++running)
      await on.clock.sleep(20)
      running--
    },
  })
  await on.send(...Array.from({ length: 40 }, (_, n) => String(n)))
  await on.until('all handled', () => on.depth('orders') === 0, 10)
  assert.equal(most, 4)
  await stop(on, small)
})

test('a full read-ahead stops its lane alone', async () => {
  const on = bed({ nativeDelay: false })
  const done: string[] = []
  const worker = await on.worker({
    lanes: { maxMessages: 40 },
    concurrency: 20,
    handle(message, { attempt }) {
      const body = textOf(message)
      if (attempt > 1) return void done.push(body)
      return { kind: 'retry', delayMs: body.startsWith('slow') ? 500_000 : 2_000 }
    },
  })
  await on.send(...Array.from({ length: 100 }, (_, n) => `slow ${n}`))
  await on.until('all slow ones wait', () => on.depth('orders-retries-reefer-10m') === 100)
  assert.equal(worker.health().waitingInLanes, 25, 'all of 40 but what is kept for the other three')
  await on.send('fast')
  await on.until('the fast one is done', () => done.includes('fast'))
  assert.equal(done.length, 1)
  await on.until('all done', () => done.length === 101, 1_000)
  await stop(on, worker)
})

test('a flood of messages that are handled at once leaves timers their turn', async () => {
  const broker = memoryBroker()
  let handled = 0
  let handledAtTimer = -1
  const done = Promise.withResolvers<void>()
  const total = 50_000
  const worker = createWorker({
    broker,
    queue: 'orders',
    handle() {
      if (++handled === 1) {
        setTimeout(() => {
          handledAtTimer = handled
        }, 1)
      }
      if (handled === total) done.resolve()
    },
  })
  await broker.prepare([{ place: 'orders', role: 'source' }])
  await broker.send(
    'orders',
    Array.from({ length: total }, () => ({ message: messageOf('x') })),
  )
  await worker.start()
  await done.promise
  await worker.stop()
  assert.ok(handledAtTimer > 0 && handledAtTimer < total, `the timer came after ${handledAtTimer} of ${total}`)
})
