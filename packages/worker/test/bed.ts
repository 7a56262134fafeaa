import assert from 'node:assert/strict'
import type { Broker } from '../src/broker.ts'
import { type MemoryBroker, type MemoryBrokerOptions, memoryBroker, memoryStore } from '../src/brokers/memory/index.ts'
import type { Message } from '../src/message.ts'
import { type FakeClock, fakeClock } from '../src/testing/fake-clock.ts'
import type { Wire } from '../src/wire.ts'
import { decodeWire } from '../src/wire-codec.ts'
import type { WorkerOptions } from '../src/worker/options.ts'
import { createWorker, type Worker } from '../src/worker.ts'

export interface Letter {
  readonly body: string
  readonly message: Message
  readonly wire: Wire | null
  readonly stack: string | null
}

/** A server in memory on a fake clock, with what tests of the worker ask of it. */
export interface Bed {
  readonly clock: FakeClock
  /** A process's own connection. */
  broker(): MemoryBroker
  /** A started worker on the queue `orders` of the consumer `reefer`. */
  worker(options: Pick<WorkerOptions, 'handle'> & Partial<WorkerOptions>): Promise<Worker>
  send(...bodies: readonly (string | Message)[]): Promise<void>
  /** Everything in a place. */
  letters(place?: string): readonly Letter[]
  depth(place: string): number
  /** Lets time pass until `isTrue`, at most an hour. */
  until(what: string, isTrue: () => boolean, stepMs?: number): Promise<void>
}

export function bed(options: MemoryBrokerOptions = {}): Bed {
  const clock = fakeClock()
  const store = memoryStore()
  const broker = (): MemoryBroker => memoryBroker({ ...options, store, clock })
  const producer = broker()
  const held = (place: string): readonly Message[] =>
    [...(store.places.get(place)?.held.values() ?? [])].map(({ message }) => message)

  return {
    clock,
    broker,
    async worker(workerOptions) {
      const worker = createWorker({
        broker: broker(),
        queue: 'orders',
        consumer: 'reefer',
        clock,
        random: () => 0.5,
        host: 'test',
        ...workerOptions,
      })
      await worker.start()
      return worker
    },
    async send(...bodies) {
      await producer.prepare([{ place: 'orders', role: 'source' }])
      const results = await producer.send(
        'orders',
        bodies.map((body) => ({ message: typeof body === 'string' ? messageOf(body) : body })),
      )
      for (const result of results) assert.equal(result.kind, 'sent')
    },
    letters: (place = 'orders-dead-letter') =>
      held(place).map((message) => {
        const read = decodeWire(message.headers)
        return { body: textOf(message), message, wire: read?.wire ?? null, stack: read?.stack ?? null }
      }),
    depth: (place) => held(place).length,
    async until(what, isTrue, stepMs = 100) {
      const endMs = clock.now() + 3_600_000
      await clock.settle()
      while (!isTrue()) {
        assert.ok(clock.now() < endMs, `not within an hour: ${what}`)
        await clock.advance(stepMs)
      }
    },
  }
}

export function messageOf(body: string, parts: Partial<Message> = {}): Message {
  return { key: null, body: Buffer.from(body), headers: [], ...parts }
}

export function textOf(message: Message): string {
  return Buffer.from(message.body ?? []).toString()
}

/** A handler that never comes back, as in a process that is about to die. */
export function never(): Promise<never> {
  return new Promise(() => undefined)
}

/** Stops a worker while the fake clock runs on. */
export async function stop(on: Bed, worker: Worker): Promise<void> {
  let isStopped = false
  const stopping = worker.stop().then(() => {
    isStopped = true
  })
  await on.until('the worker stops', () => isStopped)
  await stopping
}

/** All sends to `places` get what `answer` says; `undefined` lets them through. */
export function intercepted<B extends Broker>(
  broker: B,
  answer: (place: string, message: Message) => Awaited<ReturnType<Broker['send']>>[number] | undefined,
): B {
  return {
    ...broker,
    async send(place, messages) {
      return Promise.all(
        messages.map(
          async (outgoing) => answer(place, outgoing.message) ?? ((await broker.send(place, [outgoing]))[0] as never),
        ),
      )
    },
  }
}
