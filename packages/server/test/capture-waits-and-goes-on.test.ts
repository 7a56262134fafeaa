import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { type Broker, RedriveError, systemClock } from '@redrive/worker'
import { memoryBroker, memoryStore } from '@redrive/worker/memory'
import { outageOf } from '@redrive/worker/testing'
import { type CaptureEvent, startCapture } from '../src/capture/index.ts'
import { checkLedger } from '../src/ledger/index.ts'
import { watchDisk } from '../src/store/disk.ts'
import { startEmbeddedPostgres } from '../src/store/embedded/index.ts'
import { openStore } from '../src/store/store.ts'
import { ourLetter } from '../src/testing/letters.ts'
import { logBroker } from '../src/testing/log-broker.ts'
import { openedStore, until } from '../src/testing/opened-store.ts'

const source = { place: 'orders-dead-letter', role: 'dead-letter' } as const

test('too little space stops intake before the database stops; it goes on by itself', async (context) => {
  const store = await openedStore(context)
  const broker = logBroker({ kind: 'ids' })
  const events: CaptureEvent[] = []
  let free = 100
  const disk = watchDisk({
    folder: '/data',
    minFreeBytes: 1_000,
    clock: systemClock,
    freeBytes: () => Promise.resolve(free),
  })
  broker.append(source.place, ourLetter(1))
  const capture = startCapture({
    store,
    broker,
    brokerName: 'main',
    source,
    consumer: 'redrive',
    disk,
    onEvent: (event) => events.push(event),
  })
  context.after(() => capture.stop())
  await until(() => capture.health().problem?.startsWith('disk: 0 MiB are free') ?? false)
  free = 1_200 // over the mark, yet not by enough
  await systemClock.sleep(1_200)
  assert.deepEqual([broker.acked.length, capture.health().state], [0, 'paused'])
  free = 2_000
  await until(() => broker.acked.length === 1)
  assert.deepEqual(
    events.map(({ kind }) => kind).filter((kind) => kind === 'paused' || kind === 'resumed'),
    ['paused', 'resumed'],
  )
})

test('a database that is stopped and started again loses and doubles nothing', async (context) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'redrive-test-'))
  const start = () => startEmbeddedPostgres({ dataDir: path.join(folder, 'data'), durable: false })
  let server = await start()
  const store = await openStore({ url: server.url, allowUnsafe: true })
  const broker = logBroker({ kind: 'ids' })
  const events: CaptureEvent[] = []
  const capture = startCapture({
    store,
    broker,
    brokerName: 'main',
    source,
    consumer: 'redrive',
    onEvent: (event) => events.push(event),
  })
  context.after(async () => {
    await capture.stop({ timeoutMs: 1_000 })
    await store.close()
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })
  broker.append(source.place, ...Array.from({ length: 50 }, (_, n) => ourLetter(n)))
  await until(() => broker.acked.length === 50)
  await server.stop()
  broker.append(source.place, ...Array.from({ length: 50 }, (_, n) => ourLetter(n + 50)))
  await until(() => capture.health().state === 'paused')
  assert.match(capture.health().problem ?? '', /^database: /)
  assert.equal(broker.acked.length, 50)
  server = await start()
  await until(() => broker.acked.length === 100)
  const report = await checkLedger(store)
  assert.deepEqual([report.captured, report.unaccounted, capture.health().state], [100, 0, 'running'])
  assert.ok(events.some((event) => event.kind === 'paused' && event.why === 'database'))
})

test('a stop commits and acknowledges what is in hand, and leaves the rest to the source', async (context) => {
  const store = await openedStore(context)
  const broker = logBroker({ kind: 'ids' })
  broker.append(source.place, ...Array.from({ length: 5_000 }, (_, n) => ourLetter(n)))
  const capture = startCapture({ store, broker, brokerName: 'main', source, consumer: 'redrive' })
  await until(() => broker.acked.length > 0)
  await capture.stop()
  const report = await checkLedger(store)
  assert.deepEqual([report.captured, report.unaccounted, capture.health().state], [broker.acked.length, 0, 'stopped'])
})

test('a stop waits for nothing while the broker is away', { timeout: 60_000 }, async (context) => {
  const store = await openedStore(context)
  const away = outageOf(logBroker({ kind: 'ids' }))
  away.sleep()
  const capture = startCapture({ store, broker: away.broker, brokerName: 'main', source, consumer: 'redrive' })
  await until(() => capture.health().problem === 'broker: the broker is out')
  await capture.stop({ timeoutMs: 3_600_000 })
  assert.equal(capture.health().state, 'stopped')
})

test('the place of receipts is made when it is missing, also by a broker that comes later', async (context) => {
  const store = await openedStore(context)
  const broker = memoryBroker({ store: memoryStore() })
  let isAway = true
  const late: Broker = {
    ...broker,
    async prepare(places) {
      if (isAway) throw new RedriveError('BROKER_UNREACHABLE', 'the broker is out')
      await broker.prepare(places)
    },
  }
  const receipts = { place: 'receipts', role: 'receipts' } as const
  const capture = startCapture({ store, broker: late, brokerName: 'main', source: receipts, consumer: 'redrive' })
  context.after(() => capture.stop())
  await until(() => capture.health().problem === 'broker: the broker is out')
  assert.equal((await broker.describe('receipts')).exists, false)
  isAway = false
  await until(() => capture.health().state === 'running')
  assert.equal((await broker.describe('receipts')).exists, true)
})

test('a broker that never answers is said to be not connected, and a stop does not wait for it', async (context) => {
  const store = await openedStore(context)
  const broker = memoryBroker({ store: memoryStore() })
  await broker.prepare([{ place: source.place, role: 'dead-letter' }])
  const answer = Promise.withResolvers<void>()
  const [asked, closed]: [string[], string[]] = [[], []]
  const silent: Broker = {
    ...broker,
    async receive(place, options) {
      asked.push(place)
      await answer.promise
      const subscription = await broker.receive(place, options)
      return {
        ...subscription,
        close: async (settled) => {
          await subscription.close(settled)
          closed.push(place)
        },
      }
    },
  }
  const events: CaptureEvent[] = []
  const capture = startCapture({
    store,
    broker: silent,
    brokerName: 'main',
    source,
    consumer: 'redrive',
    onEvent: (event) => events.push(event),
  })
  await until(() => asked.length === 1)
  assert.deepEqual([capture.health().state, capture.health().problem], ['paused', 'broker: not connected'])
  await capture.stop({ timeoutMs: 3_600_000 })
  assert.deepEqual([events, closed], [[], []])
  answer.resolve()
  await until(() => closed.length === 1)
})

test('a start at which all goes well tells of no waiting', async (context) => {
  const store = await openedStore(context)
  const broker = logBroker({ kind: 'ids' })
  const events: CaptureEvent[] = []
  const onEvent = (event: CaptureEvent): number => events.push(event)
  broker.append(source.place, ourLetter(1))
  const capture = startCapture({ store, broker, brokerName: 'main', source, consumer: 'redrive', onEvent })
  context.after(() => capture.stop())
  await until(() => broker.acked.length === 1)
  assert.deepEqual(
    events.map(({ kind }) => kind).filter((kind) => kind === 'paused' || kind === 'resumed'),
    [],
  )
  assert.equal(capture.health().state, 'running')
})
