import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freshWire, type Wire } from '../src/wire.ts'
import { decodeWire, encodeWire } from '../src/wire-codec.ts'
import { bed, intercepted, messageOf, never, stop, textOf } from './bed.ts'

test('what is lost with its partition has no effect here: running ones end for nothing, queued ones are dropped', async () => {
  const on = bed()
  const broker = on.broker()
  const slow = Promise.withResolvers<void>()
  const runs: string[] = []
  const worker = await on.worker({
    broker,
    concurrency: 1,
    async handle(message) {
      const body = textOf(message)
      const isFirst = !runs.includes(body)
      runs.push(body)
      if (!isFirst || body !== 'running') return
      await slow.promise
      throw Object.assign(new Error('down'), { code: 'ECONNRESET' })
    },
  })
  await on.send('running', 'queued')
  await on.until('one runs', () => worker.health().running === 1 && worker.health().queued === 1)
  broker.lose('orders', ['0'])
  await on.clock.advance(1_000)
  slow.resolve()
  await on.until('both left', () => on.depth('orders') + on.depth('orders-suspects-reefer') === 0)
  assert.deepEqual(runs.toSorted(), ['queued', 'running', 'running'])
  assert.equal(worker.health().counters.retried, 0, 'the failure of a lost message is nobody’s')
  assert.equal(on.depth('orders-retries-reefer'), 0)
  await stop(on, worker)
})

test('what waits in a lost partition of a lane is handled once, by its next owner', async () => {
  const on = bed({ plays: 'log', nativeDelay: false })
  const runs: string[] = []
  const handle =
    (name: string) =>
    (_: unknown, { attempt }: { readonly attempt: number }): unknown => {
      if (attempt === 1) return { kind: 'retry', delayMs: 5_000 }
      return void runs.push(name)
    }
  const first = on.broker()
  const one = await on.worker({ broker: first, handle: handle('one') })
  await on.send('x')
  await on.until('it waits', () => one.health().waitingInLanes === 1)
  const two = await on.worker({ handle: handle('two') })
  first.lose('orders-retries-reefer', ['0'])
  assert.equal(one.health().waitingInLanes, 0)
  await on.until('it was handled', () => on.depth('orders-retries-reefer') === 0)
  assert.deepEqual(runs, ['two'])
  assert.equal(two.health().counters.crashed, 0)
  await stop(on, one)
  await stop(on, two)
})

test('a time in a lane that another clock wrote holds nothing longer than the lane is for', async () => {
  const on = bed({ nativeDelay: false })
  const producer = on.broker()
  await producer.prepare([{ place: 'orders-retries-reefer', role: 'lane' }])
  const headers = encodeWire({ ...blank, id: 'x', attempts: 1, dueAtMs: 8.64e15 }, null, {
    headerBytes: 4_096,
    stackBytes: 0,
  })
  await producer.send('orders-retries-reefer', [{ message: messageOf('x', { headers }) }])
  const startMs = on.clock.now()
  let handledAtMs = 0
  const worker = await on.worker({
    handle: () => {
      handledAtMs = on.clock.now()
    },
  })
  await on.until('handled', () => handledAtMs > 0)
  assert.ok(handledAtMs - startMs <= 10_250)
  await stop(on, worker)
})

test('a suspect that its live worker still runs is not taken for crashed by the next owner of its partition', async () => {
  const on = bed({ plays: 'log', nativeDelay: false })
  const dead = on.broker()
  await on.worker({ broker: dead, handle: () => never() })
  await on.send('innocent')
  await on.clock.advance(10)
  dead.crash()

  let runs = 0
  const handle = async (): Promise<void> => {
    runs++
    await on.clock.sleep(4_000)
  }
  const first = on.broker()
  const one = await on.worker({ broker: first, timeoutMs: 10_000, handle })
  await on.until('it runs alone', () => runs === 1)
  const two = await on.worker({ timeoutMs: 10_000, handle })
  first.lose('orders-suspects-reefer', ['0'])
  await on.clock.advance(60_000)
  assert.equal(on.depth('orders-suspects-reefer'), 0)
  assert.equal(runs, 1, 'it was handled once')
  assert.equal(two.health().counters.crashed, 0)
  assert.equal(on.letters().length, 0)
  await stop(on, one)
  await stop(on, two)
})

test('a suspect given back by a stop is not forgotten when the broker never got it', async () => {
  const on = bed({ plays: 'log', nativeDelay: false })
  const dead = on.broker()
  await on.worker({ broker: dead, handle: () => never() })
  await on.send('innocent')
  await on.clock.advance(10)
  dead.crash()

  let isStopping = false
  const cut = intercepted(on.broker(), (place, message) => {
    const isGivenBack = message.body !== null && decodeWire(message.headers)?.wire.dueAtMs === null
    return isStopping && place === 'orders-suspects-reefer' && isGivenBack
      ? { kind: 'uncertain', reason: 'cut' }
      : undefined
  })
  let runs = 0
  const one = await on.worker({ broker: cut, timeoutMs: 10_000, shutdownMs: 100, handle: () => (runs++, never()) })
  await on.until('it runs alone', () => runs === 1)
  isStopping = true
  await stop(on, one)
  let handled = 0
  const two = await on.worker({ timeoutMs: 10_000, handle: () => void handled++ })
  await on.until('it is handled', () => handled === 1)
  await stop(on, two)
})

test('a lane of suspects that cannot be read for a while forgets nothing it holds', async () => {
  const on = bed({ plays: 'log', nativeDelay: false })
  const dead = on.broker()
  await on.worker({ broker: dead, handle: () => never() })
  await on.send('1', '2', '3')
  await on.clock.advance(10)
  dead.crash()
  const inner = on.broker()
  let reads = 0
  const flaky = {
    ...inner,
    async receive(...[place, options]: Parameters<typeof inner.receive>) {
      const subscription = await inner.receive(place, options)
      if (place !== 'orders-suspects-reefer') return subscription
      const next: typeof subscription.next = (wanted) =>
        ++reads % 2 === 0 ? Promise.reject(new Error('cut')) : subscription.next(wanted)
      return { ...subscription, next }
    },
  }
  const handled: string[] = []
  const worker = await on.worker({
    broker: flaky,
    timeoutMs: 10_000,
    handle: (message) => void handled.push(textOf(message)),
  })
  await on.until('all left', () => on.depth('orders') + on.depth('orders-suspects-reefer') === 0)
  assert.deepEqual(handled.toSorted(), ['1', '2', '3'])
  await stop(on, worker)
})

test('a mark is judged only when its lane was read to the end', async () => {
  const on = bed({ plays: 'log', nativeDelay: false })
  const producer = on.broker()
  await producer.prepare([{ place: 'orders-suspects-reefer', role: 'lane' }])
  const record = (n: number, dueAtMs: number) => {
    const wire = { ...blank, id: `letter ${n}`, crashes: 2, dueAtMs }
    return { message: messageOf('x', { headers: encodeWire(wire, null, { headerBytes: 4_096, stackBytes: 0 }) }) }
  }
  const numbers = Array.from({ length: 500 }, (_, n) => n)
  await producer.send(
    'orders-suspects-reefer',
    numbers.map((n) => record(n, 1_000)),
  )
  await producer.send(
    'orders-suspects-reefer',
    numbers.map((n) => record(n, 0)),
  )
  let runs = 0
  const worker = await on.worker({ handle: () => void runs++ })
  await on.until('all resolved', () => on.depth('orders-suspects-reefer') === 0)
  assert.equal(runs, 0)
  assert.equal(worker.health().counters.crashed, 0)
  await stop(on, worker)
})

const blank: Wire = freshWire({
  id: '',
  origin: {
    system: 'memory',
    place: 'orders',
    consumer: 'reefer',
    partition: '0',
    position: null,
    nativeId: null,
    timestampMs: null,
  },
})
