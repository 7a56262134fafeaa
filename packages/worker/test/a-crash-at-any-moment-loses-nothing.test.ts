import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constant } from '../src/backoff.ts'
import type { Broker, Subscription } from '../src/broker.ts'
import type { MemoryBroker, MemoryBrokerOptions } from '../src/brokers/memory/index.ts'
import { Discard, PermanentError } from '../src/control.ts'
import { type Bed, bed, never, stop, textOf } from './bed.ts'

const bodies = ['handled 1', 'transient', 'handled 2', 'permanent', 'discarded', 'handled 3', 'recovers']

interface At {
  readonly step: number
  readonly when: 'before' | 'after'
}

/** Crashes its process at the n-th send or settlement, before or after the broker has it. */
function crashing(broker: MemoryBroker, at: At): Broker & { readonly steps: () => number } {
  let steps = 0
  const step = async <T>(call: () => Promise<T>): Promise<T> => {
    const isIt = ++steps === at.step
    if (isIt && at.when === 'before') broker.crash()
    const result = isIt && at.when === 'before' ? await never() : await call()
    if (isIt) broker.crash()
    return isIt ? never() : result
  }
  return {
    ...broker,
    steps: () => steps,
    send: (place, messages) => step(() => broker.send(place, messages)),
    async receive(place, options): Promise<Subscription> {
      const subscription = await broker.receive(place, options)
      return {
        ...subscription,
        settle: (deliveries, settlement) => step(() => subscription.settle(deliveries, settlement)),
      }
    },
  }
}

async function run(
  options: MemoryBrokerOptions,
  at: At & { readonly afterACrash?: boolean },
): Promise<{ on: Bed; steps: number }> {
  const on = bed(options)
  await on.send(...bodies)
  if (at.afterACrash) {
    const dead = on.broker()
    await on.worker({ broker: dead, handle: never, concurrency: 3 })
    await on.clock.advance(10)
    dead.crash()
  }
  const ended = new Set<string>()
  const handle = (message: Parameters<typeof textOf>[0], { attempt }: { readonly attempt: number }): void => {
    const body = textOf(message)
    if (body === 'transient' || (body === 'recovers' && attempt === 1))
      throw Object.assign(new Error('down'), { code: 'ECONNRESET' })
    if (body === 'permanent') throw new PermanentError('no')
    ended.add(body)
    if (body === 'discarded') throw new Discard('stale')
  }
  const common = { handle, retry: { maxAttempts: 3, backoff: constant(300) }, timeoutMs: 1_000, concurrency: 3 }
  const doomed = crashing(on.broker(), at)
  await on.worker({ ...common, broker: doomed })
  await on.clock.advance(3_000)
  const second = await on.worker(common)
  const letters = (): readonly string[] => [...new Set(on.letters().map(({ body }) => body))].toSorted()
  const left = (): number =>
    ['orders', 'orders-retries-reefer', 'orders-suspects-reefer'].reduce((sum, place) => sum + on.depth(place), 0)
  await on.until('everything has left', () => left() === 0, 250)
  assert.deepEqual(letters(), ['permanent', 'transient'], `letters after a crash ${at.when} step ${at.step}`)
  assert.deepEqual(
    [...ended].toSorted(),
    bodies.filter((body) => !['permanent', 'transient'].includes(body)).toSorted(),
  )
  const ids = new Set(on.letters().map(({ wire }) => wire?.id))
  assert.equal(ids.size, 2, 'a message that died twice has one identity')
  await stop(on, second)
  return { on, steps: doomed.steps() }
}

const kinds: readonly (readonly [string, MemoryBrokerOptions])[] = [
  ['a queue with native delay', {}],
  ['a queue with lanes read ahead', { nativeDelay: false }],
  ['a queue that marks what is released', { plays: 'requeue', nativeDelay: false }],
  ['a log', { plays: 'log', nativeDelay: false }],
]
for (const [kind, options] of kinds) {
  test(`a crash before or after any send or settlement loses nothing on ${kind}`, async () => {
    const { steps } = await run(options, { step: 0, when: 'before' })
    assert.ok(steps >= 8, `${steps} steps`)
    for (let step = 1; step <= steps; step++) {
      await run(options, { step, when: 'before' })
      await run(options, { step, when: 'after' })
    }
  })

  test(`a crash amid the suspects of an earlier one loses nothing on ${kind}`, async () => {
    const { steps } = await run(options, { step: 0, when: 'before', afterACrash: true })
    assert.ok(steps >= 16, `${steps} steps`)
    for (let step = 1; step <= steps; step++) {
      await run(options, { step, when: 'before', afterACrash: true })
      await run(options, { step, when: 'after', afterACrash: true })
    }
  })
}
