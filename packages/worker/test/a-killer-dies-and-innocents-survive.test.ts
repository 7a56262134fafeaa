import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MemoryBroker, MemoryBrokerOptions } from '../src/brokers/memory/index.ts'
import type { WorkerOptions } from '../src/worker/options.ts'
import type { Worker } from '../src/worker.ts'
import { type Bed, bed, never, stop, textOf } from './bed.ts'

interface Process {
  readonly worker: Worker
  readonly broker: MemoryBroker
  isDead: boolean
}

/** Processes that are started again when a killer takes them down. */
function processes(on: Bed, options: Partial<WorkerOptions> & { readonly innocent?: (body: string) => unknown } = {}) {
  const runs = new Map<string, number>()
  const handled: string[] = []
  const alive: Process[] = []
  let deaths = 0
  /** Most that ran in one process while a killer of an earlier crash ran. */
  let beside = 0
  const { innocent, ...rest } = options

  const start = async (): Promise<void> => {
    const broker = on.broker()
    let running = 0
    const self: Partial<Process> & { isDead: boolean } = { broker, isDead: false }
    const worker = await on.worker({
      ...rest,
      broker,
      async handle(message) {
        if (self.isDead) return never()
        const body = textOf(message)
        const count = (runs.get(body) ?? 0) + 1
        runs.set(body, count)
        running++
        if (body.startsWith('killer')) {
          if (count > 1) beside = Math.max(beside, running - 1)
          deaths++
          self.isDead = true
          broker.crash()
          return never()
        }
        try {
          await on.clock.sleep(200)
          if (self.isDead) return never()
          await innocent?.(body)
          handled.push(body)
        } finally {
          running--
        }
      },
    })
    alive.push(Object.assign(self, { worker }) as Process)
  }
  const revive = async (): Promise<void> => {
    for (const dead of alive.filter(({ isDead }) => isDead)) {
      alive.splice(alive.indexOf(dead), 1)
      await start()
    }
  }
  return {
    runs,
    handled,
    start,
    get deaths() {
      return deaths
    },
    get beside() {
      return beside
    },
    async until(what: string, isTrue: () => boolean): Promise<void> {
      const endMs = on.clock.now() + 3_600_000
      while (!isTrue()) {
        assert.ok(on.clock.now() < endMs, `not within an hour: ${what}; runs ${JSON.stringify([...runs])}`)
        await on.clock.advance(50)
        await revive()
      }
    },
    async stop(): Promise<void> {
      for (const { worker } of alive) await stop(on, worker)
    },
    alive,
  }
}

const innocents = Array.from({ length: 8 }, (_, n) => `innocent ${n}`)

const kinds: readonly (readonly [string, MemoryBrokerOptions])[] = [
  ['a queue with native delay', {}],
  ['a queue with lanes read ahead', { nativeDelay: false }],
  ['a queue that marks what is released', { plays: 'requeue', nativeDelay: false }],
  ['a log', { plays: 'log', nativeDelay: false }],
]
for (const [kind, options] of kinds) {
  for (const workers of [1, 2]) {
    test(`on ${kind} with ${workers} workers a killer runs maxCrashes times and its neighbours once alone`, async () => {
      const on = bed(options)
      const all = processes(on, { retry: { maxCrashes: 3 }, timeoutMs: 5_000 })
      await on.send(...innocents.slice(0, 4), 'killer', ...innocents.slice(4))
      for (let n = 0; n < workers; n++) await all.start()
      const left = (): number => on.depth('orders') + on.depth('orders-suspects-reefer')
      await all.until('the killer died and everything left', () => on.letters().length === 1 && left() === 0)

      assert.equal(all.runs.get('killer'), 3)
      assert.equal(all.deaths, 3)
      assert.equal(all.beside, 0, 'after its first crash it ran alone')
      const [letter] = on.letters()
      assert.deepEqual(
        [letter?.body, letter?.wire?.tier, letter?.wire?.reason, letter?.wire?.crashes, letter?.wire?.attempts],
        ['killer', 'exhausted', 'crashed', 3, 3],
      )
      assert.deepEqual(all.handled.toSorted(), innocents, 'each innocent was handled once')
      for (const body of innocents)
        assert.ok((all.runs.get(body) ?? 0) <= 2, `${body} ran at most once beside it and once alone`)
      await all.stop()
    })
  }

  test(`on ${kind} several killers die of their own crashes alone`, async () => {
    const on = bed(options)
    const all = processes(on, { retry: { maxCrashes: 3 }, timeoutMs: 5_000, concurrency: 4 })
    const killers = ['killer 1', 'killer 2', 'killer 3', 'killer 4']
    await on.send(
      ...innocents.slice(0, 3),
      ...killers.slice(0, 2),
      ...innocents.slice(3, 6),
      ...killers.slice(2),
      ...innocents.slice(6),
    )
    await all.start()
    const left = (): number => on.depth('orders') + on.depth('orders-suspects-reefer')
    await all.until('the killers died and everything left', () => on.letters().length === 4 && left() === 0)
    assert.deepEqual(
      on
        .letters()
        .map(({ body }) => body)
        .toSorted(),
      killers,
    )
    assert.deepEqual([...new Set(all.handled)].toSorted(), innocents)
    for (const killer of killers)
      assert.ok((all.runs.get(killer) ?? 0) <= 3, `${killer} ran ${all.runs.get(killer)} times`)
    await all.stop()
  })

  test(`on ${kind} steady traffic neither saves a killer nor condemns a suspect`, async () => {
    const on = bed(options)
    const all = processes(on, { retry: { maxCrashes: 3 }, timeoutMs: 5_000, concurrency: 2 })
    const traffic = Array.from({ length: 60 }, (_, n) => `innocent ${n}`)
    const killers = [5, 20, 35, 50]
    await on.send(...traffic.flatMap((body, n) => (killers.includes(n) ? [`killer ${n}`, body] : [body])))
    await all.start()
    const left = (): number => on.depth('orders') + on.depth('orders-suspects-reefer')
    await all.until('everything left', () => left() === 0)
    assert.deepEqual(
      on
        .letters()
        .map(({ body }) => body)
        .toSorted(),
      killers.map((n) => `killer ${n}`).toSorted(),
    )
    assert.deepEqual([...new Set(all.handled)].toSorted(), traffic.toSorted())
    assert.equal(all.beside, 0)
    for (const n of killers) assert.ok((all.runs.get(`killer ${n}`) ?? 0) <= 3, `killer ${n} ran too often`)
    await all.stop()
  })

  test(`on ${kind} a clean stop makes no suspects`, async () => {
    const on = bed(options)
    let isSlow = true
    const all = processes(on, {
      shutdownMs: 50,
      concurrency: 4,
      innocent: () => (isSlow ? on.clock.sleep(60_000) : undefined),
    })
    await on.send(...innocents)
    await all.start()
    const [first] = all.alive
    await on.until('they run', () => first?.worker.health().running === 4)
    await all.stop()
    const left = (): number => on.depth('orders') + on.depth('orders-retries-reefer')
    assert.equal(left(), innocents.length, 'what was not done went back')
    assert.equal(first?.worker.health().counters.released, 4)
    all.alive.splice(0)
    isSlow = false
    await all.start()
    await all.until('all handled', () => left() === 0)
    const { crashed, handled } = all.alive[0]?.worker.health().counters ?? {}
    assert.deepEqual([crashed, handled], [0, innocents.length])
    await all.stop()
  })

  test(`on ${kind} a suspect that fails alone goes on as any failing message`, async () => {
    const on = bed(options)
    let isUp = false
    const all = processes(on, {
      timeoutMs: 5_000,
      retry: { maxCrashes: 3, maxAttempts: 10 },
      innocent: (body) => {
        if (body === 'innocent 0' && !isUp) throw Object.assign(new Error('down'), { code: 'ECONNREFUSED' })
      },
    })
    await on.send('innocent 0', 'killer')
    await all.start()
    await all.until('it waits in a lane', () => on.depth('orders-retries-reefer') === 1)
    const [waiting] = on.letters('orders-retries-reefer')
    assert.equal(waiting?.wire?.crashes, 0, 'it has shown that it does not kill')
    assert.equal(waiting?.wire?.attempts, 1)
    isUp = true
    await all.until(
      'all ended',
      () => on.letters().length === 1 && on.depth('orders-suspects-reefer') + on.depth('orders-retries-reefer') === 0,
    )
    assert.deepEqual(all.handled, ['innocent 0'])
    await all.stop()
  })
}

test('a suspect that waits to be alone is not blamed for what runs beside it', async () => {
  const on = bed()
  let round = 0
  let handled = 0
  let broker = on.broker()
  const start = async (): Promise<void> => {
    const mine = on.broker()
    let isDead = false
    broker = mine
    await on.worker({
      broker: mine,
      concurrency: 1,
      async handle(message) {
        if (isDead) return never()
        if (textOf(message) === 'innocent') return void handled++
        await on.clock.sleep(1_000)
        isDead = true
        round++
        mine.crash()
        return never()
      },
    })
  }
  await on.send('innocent')
  const dead = on.broker()
  await on.worker({ broker: dead, handle: () => never() })
  await on.clock.advance(10)
  dead.crash()
  for (const wanted of [1, 2, 3]) {
    if (handled > 0) break
    await on.send(`killer ${wanted}`)
    await start()
    await on.until('a killer has struck', () => round >= wanted || handled > 0, 50)
  }
  await start()
  await on.until('the innocent is handled', () => handled > 0 || on.letters().some(({ body }) => body === 'innocent'))
  assert.equal(handled, 1)
  assert.ok(!on.letters().some(({ body }) => body === 'innocent'))
  broker.crash()
})

test('with maxCrashes 1 the first crash is the last', async () => {
  const on = bed()
  const all = processes(on, { retry: { maxCrashes: 1 } })
  await on.send('killer')
  await all.start()
  await all.until('it died', () => on.letters().length === 1 && on.depth('orders') === 0)
  assert.equal(all.runs.get('killer'), 1)
  assert.equal(on.letters()[0]?.wire?.crashes, 1)
  await all.stop()
})

test('a killer that lets no acknowledgement out of its process dies too', async () => {
  const on = bed({ plays: 'log', nativeDelay: false })
  let runs = 0
  let isDead = true
  const start = async (): Promise<void> => {
    isDead = false
    const broker = on.broker()
    await on.worker({
      broker: settlingLate(broker, on),
      retry: { maxCrashes: 2 },
      timeoutMs: 1_000,
      handle() {
        runs++
        isDead = true
        broker.crash()
        return never()
      },
    })
  }
  await on.send('killer')
  for (let processes = 0; processes < 6 && on.letters().length === 0; processes++) {
    await start()
    await on.until('it strikes or is dead', () => isDead || on.letters().length === 1)
  }
  assert.equal(runs, 2)
  assert.equal(on.letters()[0]?.wire?.tier, 'exhausted')
})

/** As a log whose watermark is written a moment later, or when somebody asks what waits; never by a process that is gone. */
function settlingLate(broker: MemoryBroker, on: Bed): MemoryBroker {
  const unwritten: (() => Promise<void>)[] = []
  const write = async (): Promise<void> => {
    for (const settle of unwritten.splice(0)) await settle()
  }
  return {
    ...broker,
    async receive(place, options) {
      const subscription = await broker.receive(place, options)
      return {
        next: (wanted) => subscription.next(wanted),
        async settle(deliveries, settlement) {
          unwritten.push(() => subscription.settle(deliveries, settlement))
          void on.clock.sleep(250).then(write)
        },
        extend: (deliveries, byMs) => subscription.extend(deliveries, byMs),
        close: (settled) => subscription.close(settled),
      }
    },
    async depth(place, consumer) {
      await write()
      return broker.depth(place, consumer)
    },
  }
}
