import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryBroker } from '../src/brokers/memory/index.ts'
import { createWorker } from '../src/worker.ts'

const waiting = 10_000
const limitMs = 250

// On the system's clock: what is measured is what the worker itself costs while all of them wait in lanes it reads ahead.
test(`with ${waiting} waiting the p99 of lateness is at most ${limitMs} ms`, async (t) => {
  const broker = memoryBroker({ nativeDelay: false })
  const dueMs = new Map<string, number>()
  const latenessMs: number[] = []
  const done = Promise.withResolvers<void>()
  const worker = createWorker({
    broker,
    queue: 'orders',
    consumer: 'reefer',
    concurrency: 50,
    handle(_, { attempt, letterId }) {
      if (attempt === 1) {
        // Due in 3 to 8 s, every tenth later and in front of the others.
        const delayMs = dueMs.size % 10 === 0 ? 8_500 : 3_000 + ((dueMs.size * 7919) % 5_000)
        dueMs.set(letterId, Date.now() + delayMs)
        return { kind: 'retry', delayMs }
      }
      latenessMs.push(Date.now() - (dueMs.get(letterId) ?? 0))
      if (latenessMs.length === waiting) done.resolve()
      return undefined
    },
  })
  await worker.start()
  const batch = Array.from({ length: 1_000 }, () => ({ message: { key: null, body: null, headers: [] } }))
  for (let sent = 0; sent < waiting; sent += batch.length) await broker.send('orders', batch)
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, worker.health().waitingInLanes)
  }, 50)
  await done.promise
  clearInterval(watch)
  await worker.stop()
  latenessMs.sort((a, b) => a - b)
  const at = (share: number): number => latenessMs[Math.floor(share * (latenessMs.length - 1))] ?? Number.NaN
  t.diagnostic(`lateness p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms; ${most} waited at a time`)
  assert.ok(most >= waiting * 0.9, `only ${most} waited at a time`)
  assert.ok((latenessMs[0] ?? -1) >= 0, 'never early')
  assert.ok(at(0.99) <= limitMs, `p99 is ${at(0.99)} ms`)
})
