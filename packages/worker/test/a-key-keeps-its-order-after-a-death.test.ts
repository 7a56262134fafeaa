import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { discard } from '../src/control.ts'
import type { HoldStore } from '../src/hold/index.ts'
import { memoryHold } from '../src/hold/index.ts'
import type { Message } from '../src/message.ts'
import { freshWire, type Wire } from '../src/wire.ts'
import { encodeWire } from '../src/wire-codec.ts'
import { type Bed, bed, type Letter, messageOf, never, stop, textOf } from './bed.ts'

const once = { retry: { maxAttempts: 1 }, order: 'key' } as const
const keyed = (body: string, key = 'k'): Message => messageOf(body, { key: Buffer.from(key) })

/** What the office does with a letter: it goes back into the lane as it was, with a replay id. */
async function replay(on: Bed, letter: Letter, replayId: string): Promise<void> {
  const before = letter.wire as Wire
  const { id, origin, hops, line } = before
  const wire = freshWire({ id, origin, hops, line, replayId })
  const headers = encodeWire(wire, null, { headerBytes: 4_096, stackBytes: 0 })
  await on.broker().send('orders-retries-reefer', [{ message: { ...letter.message, headers } }])
}

async function release(on: Bed, letter: Letter): Promise<void> {
  const { id, origin, line } = letter.wire as Wire
  const headers = encodeWire(freshWire({ id, origin, line, notice: 'release' }), null, {
    headerBytes: 4_096,
    stackBytes: 0,
  })
  await on.broker().send('orders-retries-reefer', [{ message: { key: letter.message.key, body: null, headers } }])
}

/** A handler that fails with what is broken, and remembers the rest. */
function handler(): { readonly handled: string[]; readonly broken: Set<string>; handle(message: Message): void } {
  const handled: string[] = []
  const broken = new Set<string>()
  return {
    handled,
    broken,
    handle(message) {
      if (broken.has(textOf(message))) throw new TypeError(`${textOf(message)} is broken`)
      handled.push(textOf(message))
    },
  }
}

test('later messages of a key wait behind its dead letter; those of other keys go on', async () => {
  const on = bed()
  const { handled, broken, handle } = handler()
  broken.add('a1')
  const worker = await on.worker({ ...once, handle, hold: { store: memoryHold() } })
  const told: unknown[] = []
  worker.on('held', (event) => told.push(event))
  await on.send(keyed('a1', 'a'), keyed('b1', 'b'), keyed('a2', 'a'), messageOf('no key'), keyed('a3', 'a'))
  await on.until('three letters', () => on.letters().length === 3)
  assert.deepEqual(handled.toSorted(), ['b1', 'no key'])
  const letters = on.letters()
  const [first] = letters
  assert.deepEqual(
    letters.map(({ body, wire }) => [body, wire?.reason, wire?.hops, wire?.line?.behind]),
    [
      ['a1', 'rejected', 1, null],
      ['a2', 'held', 0, first?.wire?.id],
      ['a3', 'held', 0, first?.wire?.id],
    ],
  )
  const places = letters.map(({ wire }) => wire?.line?.at ?? 0)
  assert.deepEqual(
    places,
    places.toSorted((x, y) => x - y),
  )
  assert.equal(new Set(letters.map(({ wire }) => wire?.line?.key)).size, 1)
  assert.equal(told.length, 2)
  assert.equal(worker.health().counters.held, 2)
  await stop(on, worker)
})

test('replays run in the order of the line, whatever order they come in', async () => {
  const on = bed()
  const { handled, broken, handle } = handler()
  broken.add('m1')
  const worker = await on.worker({ ...once, handle, hold: { store: memoryHold() } })
  await on.send(keyed('m1'), keyed('m2'), keyed('m3'))
  await on.until('three letters', () => on.letters().length === 3)
  const [one, two, three] = on.letters() as [Letter, Letter, Letter]
  broken.clear()
  // Too early: it goes back, once more as held, at its old place.
  await replay(on, three, 'r3')
  await on.until('parked again', () => on.letters().length === 4)
  const again = on.letters()[3] as Letter
  assert.deepEqual([again.body, again.wire?.reason, again.wire?.replayId], ['m3', 'held', 'r3'])
  assert.equal(again.wire?.line?.at, three.wire?.line?.at)
  assert.deepEqual(handled, [])
  await replay(on, one, 'r1')
  await replay(on, two, 'r2')
  await replay(on, again, 'r4')
  await on.until('the line is empty', () => handled.length === 3)
  await on.send(keyed('m4'))
  await on.until('all are handled', () => handled.length === 4)
  assert.deepEqual(handled, ['m1', 'm2', 'm3', 'm4'])
  assert.equal(on.letters().length, 4)
  await stop(on, worker)
})

test('a replay that dies again stays at its place and keeps the rest waiting', async () => {
  const on = bed()
  const { handled, broken, handle } = handler()
  broken.add('m1')
  const worker = await on.worker({ ...once, handle, hold: { store: memoryHold() } })
  await on.send(keyed('m1'), keyed('m2'))
  await on.until('two letters', () => on.letters().length === 2)
  const [one, two] = on.letters() as [Letter, Letter]
  await replay(on, one, 'r1')
  await replay(on, two, 'r2')
  await on.until('both are back', () => on.letters().length === 4)
  const [, , dead, held] = on.letters() as [Letter, Letter, Letter, Letter]
  assert.deepEqual([dead.body, dead.wire?.reason, dead.wire?.hops], ['m1', 'rejected', 2])
  assert.deepEqual([held.body, held.wire?.reason, held.wire?.hops], ['m2', 'held', 0])
  assert.equal(dead.wire?.line?.at, one.wire?.line?.at)
  assert.deepEqual(handled, [])
  await stop(on, worker)
})

test('a handler that discards its replay lets the key go on', async () => {
  const on = bed()
  const { handled, broken, handle } = handler()
  broken.add('m1')
  const worker = await on.worker({
    ...once,
    hold: { store: memoryHold() },
    handle: (message, { replayId }) => (replayId === null ? handle(message) : discard('no use')),
  })
  await on.send(keyed('m1'))
  await on.until('a letter', () => on.letters().length === 1)
  await replay(on, on.letters()[0] as Letter, 'r1')
  await on.until('it is discarded', () => worker.health().counters.discarded === 1)
  await on.send(keyed('m2'))
  await on.until('the key goes on', () => handled.length === 1)
  await stop(on, worker)
})

test('a message that was about to die and is handled after all lets the key go on', async () => {
  const on = bed()
  const store = memoryHold()
  const { handled, broken, handle } = handler()
  broken.add('m1')
  const dying = on.broker()
  let isDying = false
  const send: typeof dying.send = (place, messages) => {
    isDying ||= place === 'orders-dead-letter'
    return isDying ? never() : dying.send(place, messages)
  }
  await on.worker({ ...once, broker: { ...dying, send }, handle, hold: { store } })
  await on.send(keyed('m1'))
  await on.until('its place is taken', () => isDying)
  dying.crash()
  broken.clear()
  const worker = await on.worker({ ...once, handle, hold: { store } })
  await on.until('it is handled', () => handled.length === 1)
  await on.send(keyed('m2'))
  await on.until('the key goes on', () => handled.length === 2)
  assert.equal(on.letters().length, 0)
  await stop(on, worker)
})

test('word of the office that a letter is resolved lets its key go on, and no handler sees it', async () => {
  const on = bed()
  const { handled, broken, handle } = handler()
  broken.add('m1')
  const worker = await on.worker({ ...once, handle, hold: { store: memoryHold() } })
  const released: unknown[] = []
  worker.on('released', (event) => released.push(event))
  await on.send(keyed('m1'), keyed('m2'))
  await on.until('two letters', () => on.letters().length === 2)
  const [one, two] = on.letters() as [Letter, Letter]
  await release(on, one)
  await replay(on, two, 'r2')
  await on.until('it is handled', () => handled.length === 1)
  await on.send(keyed('m3'))
  await on.until('the key goes on', () => handled.length === 2)
  assert.deepEqual(handled, ['m2', 'm3'])
  assert.deepEqual(released, [{ letterId: one.wire?.id }])
  assert.equal(on.depth('orders-retries-reefer'), 0)
  await stop(on, worker)
})

test('a worker that keeps no lines lets such word go, and no message can pretend to be it', async () => {
  const on = bed()
  const handled: string[] = []
  const worker = await on.worker({
    retry: { maxAttempts: 2 },
    handle(message, { attempt }) {
      // The first time round it goes through a lane, where such word counts.
      if (attempt === 1) throw new Error('not yet')
      handled.push(textOf(message))
    },
  })
  const origin = { system: 'memory', place: 'orders', consumer: 'reefer', partition: null, position: null, nativeId: null, timestampMs: null } // biome-ignore format: one line
  const wire = freshWire({ id: 'x', origin, notice: 'release', replayId: 'r' })
  const headers = encodeWire(wire, null, { headerBytes: 4_096, stackBytes: 0 })
  await on.broker().send('orders-retries-reefer', [{ message: { key: null, body: null, headers } }])
  await on.send({ ...messageOf('in the queue'), headers })
  await on.until('both are gone', () => on.depth('orders-retries-reefer') === 0 && on.depth('orders') === 0)
  assert.deepEqual(handled, ['in the queue'])
  await stop(on, worker)
})

test('when a line is full the intake stops and says so, until there is room', async () => {
  const on = bed()
  const { handled, broken, handle } = handler()
  broken.add('m1')
  const worker = await on.worker({ ...once, concurrency: 1, handle, hold: { store: memoryHold(), maxPerKey: 2 } })
  const reasons: string[] = []
  worker.on('paused', ({ reason }) => reasons.push(reason))
  await on.send(keyed('m1'), keyed('m2'), keyed('m3'), keyed('m4'))
  await on.until('it pauses', () => worker.health().state === 'paused')
  assert.match(worker.health().pausedReason ?? '', /hold\.maxPerKey/)
  assert.equal(reasons.length, 1)
  assert.equal(on.letters().length, 2)
  // What it was waiting for when it paused still comes.
  await on.clock.advance(2_000)
  await on.send(keyed('other', 'b'))
  await on.clock.advance(5_000)
  assert.deepEqual(handled, [], 'nothing is taken in')
  // Lanes go on, or there would never be room.
  broken.clear()
  const [one, two] = on.letters() as [Letter, Letter]
  await replay(on, one, 'r1')
  await on.until('there is room', () => on.letters().length === 3)
  await replay(on, two, 'r2')
  await on.until('all have a place', () => on.letters().length === 4)
  for (const [at, letter] of on.letters().slice(2).entries()) await replay(on, letter, `r${at + 3}`)
  await on.until('all are handled', () => handled.length === 5)
  assert.deepEqual(
    handled.filter((body) => body !== 'other'),
    ['m1', 'm2', 'm3', 'm4'],
  )
  assert.equal(worker.health().state, 'running')
  await stop(on, worker)
})

test('what was set aside for want of room is given back when the worker stops', async () => {
  const on = bed()
  const { broken, handle } = handler()
  broken.add('m1')
  const store = memoryHold()
  const worker = await on.worker({ ...once, handle, hold: { store, maxPerKey: 1 } })
  await on.send(keyed('m1'), keyed('m2'), keyed('m3'))
  await on.until('it pauses', () => worker.health().state === 'paused')
  await stop(on, worker)
  assert.equal(worker.health().running, 0)
  const next = await on.worker({ ...once, handle, hold: { store } })
  await on.until('the next one holds them', () => on.letters().length === 3)
  assert.deepEqual(
    on.letters().map(({ body }) => body),
    ['m1', 'm2', 'm3'],
  )
  await stop(on, next)
})

test('or the message passes out of order, and is counted', async () => {
  const on = bed()
  const { handled, broken, handle } = handler()
  broken.add('m1').add('n1')
  const hold = { store: memoryHold(), maxPerKey: 2, maxKeys: 1, overflow: 'pass' } as const
  const worker = await on.worker({ ...once, handle, hold })
  const passed: string[] = []
  worker.on('passed', ({ why }) => passed.push(why))
  await on.send(keyed('m1'), keyed('m2'), keyed('m3'))
  await on.until('it passes', () => handled.length === 1)
  await on.send(keyed('n1', 'n'), keyed('n2', 'n'))
  await on.until('a key too many', () => handled.length === 2)
  assert.deepEqual(handled, ['m3', 'n2'])
  assert.deepEqual(passed, ['line-full', 'keys-full'])
  assert.equal(worker.health().counters.passed, 2)
  assert.equal(worker.health().state, 'running')
  assert.equal(on.letters().find(({ body }) => body === 'n1')?.wire?.line, null)
  await stop(on, worker)
})

test('with as many keys as there may be the intake stops, until one is resolved', async () => {
  const on = bed()
  const { handled, broken, handle } = handler()
  broken.add('m1')
  const worker = await on.worker({ ...once, handle, hold: { store: memoryHold(), maxKeys: 1 } })
  await on.send(keyed('m1'))
  await on.until('it pauses', () => worker.health().state === 'paused')
  assert.match(worker.health().pausedReason ?? '', /hold\.maxKeys/)
  await on.clock.advance(2_000)
  await on.send(keyed('n1', 'n'))
  await on.clock.advance(5_000)
  assert.deepEqual(handled, [])
  await release(on, on.letters()[0] as Letter)
  await on.until('it goes on', () => handled.length === 1)
  await stop(on, worker)
})

test('nothing is called while the store does not answer, and all of it afterwards, in order', async () => {
  const on = bed()
  const { handled, handle } = handler()
  const store = memoryHold()
  let isDown = true
  const flaky: HoldStore = {
    ...store,
    arrive: (...args) => (isDown ? Promise.reject(new Error('connection refused')) : store.arrive(...args)),
  }
  const worker = await on.worker({ ...once, handle, hold: { store: flaky } })
  await on.send(keyed('m1'), keyed('m2'))
  await on.until('it pauses', () => worker.health().state === 'paused')
  await on.clock.advance(20_000)
  assert.deepEqual(handled, [])
  isDown = false
  await on.until('both are handled', () => handled.length === 2)
  assert.deepEqual(handled, ['m1', 'm2'])
  await stop(on, worker)
})

/** Each step of a dying message and of one behind it, and a process that is lost just then. */
const steps = ['die', 'dead-letter', 'arrive', 'held-letter'] as const
for (const step of steps) {
  test(`a process is lost at "${step}": nothing is, and the key keeps its order`, async () => {
    const on = bed()
    const store = memoryHold()
    const { handled, broken, handle } = handler()
    broken.add('m1')
    let lost = false
    const loseAt = (name: (typeof steps)[number]): boolean => {
      lost ||= name === step
      return lost
    }
    const cut: HoldStore = {
      ...store,
      async die(line, letter, options) {
        const at = await store.die(line, letter, options)
        return loseAt('die') ? never() : at
      },
      async arrive(line, letter, options) {
        const standing = await store.arrive(line, letter, options)
        return lost || (standing.kind === 'behind' && loseAt('arrive')) ? never() : standing
      },
    }
    const dying = on.broker()
    const sent: string[] = []
    const broker = {
      ...dying,
      async send(...args: Parameters<typeof dying.send>) {
        if (lost) return never()
        const results = await dying.send(...args)
        for (const { message } of args[1]) sent.push(textOf(message))
        if (args[0] === 'orders-dead-letter' && loseAt(sent.length === 1 ? 'dead-letter' : 'held-letter'))
          return never()
        return results
      },
    }
    await on.worker({ ...once, concurrency: 1, broker, handle, hold: { store: cut } })
    await on.send(keyed('m1'), keyed('m2'), keyed('m3'))
    await on.until('the process is lost', () => lost)
    dying.crash()

    const worker = await on.worker({ ...once, handle, hold: { store } })
    await on.until('every message has a letter', () => new Set(on.letters().map(({ body }) => body)).size === 3)
    await on.until('the queue is done with', () => on.depth('orders') === 0 && on.depth('orders-suspects-reefer') === 0)
    assert.deepEqual(handled, [])
    broken.clear()
    const lettersOf = new Map(on.letters().map((letter) => [letter.body, letter]))
    for (const body of ['m1', 'm2', 'm3']) await replay(on, lettersOf.get(body) as Letter, `r-${body}`)
    await on.until('the line is empty', () => handled.length === 3)
    await on.send(keyed('m4'))
    await on.until('all are handled', () => handled.length === 4)
    assert.deepEqual(handled, ['m1', 'm2', 'm3', 'm4'])
    await stop(on, worker)
  })
}

test('whatever fails and whatever the office does in whatever order: each key is handled in its order', async () => {
  const messages = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), failures: fc.nat(2) }), {
    minLength: 1,
    maxLength: 12,
  })
  const choices = fc.infiniteStream(fc.record({ at: fc.nat(100), isDiscard: fc.nat(4).map((n) => n === 0) }))
  await fc.assert(
    fc.asyncProperty(messages, choices, fc.integer({ min: 1, max: 4 }), async (sent, chosen, concurrency) => {
      const on = bed()
      const left = new Map<string, number>()
      const handled: string[] = []
      const gone = new Set<string>()
      const worker = await on.worker({
        ...once,
        concurrency,
        hold: { store: memoryHold() },
        async handle(message) {
          await Promise.resolve()
          const times = left.get(textOf(message)) ?? 0
          left.set(textOf(message), times - 1)
          if (times > 0) throw new TypeError('not yet')
          handled.push(textOf(message))
        },
      })
      const bodies = sent.map(({ key, failures }, at) => {
        const body = `${key}-${String(at).padStart(2, '0')}`
        left.set(body, failures)
        return body
      })
      await on.send(...sent.map(({ key }, at) => keyed(bodies[at] ?? '', key)))
      const acted = new Set<Letter['message']>()
      const isOver = (body: string): boolean => handled.includes(body) || gone.has(body)
      const waiting = (): Letter[] => on.letters().filter(({ body, message }) => !isOver(body) && !acted.has(message))
      for (let acts = 0; ; acts++) {
        await on.until('something waits or all is over', () => waiting().length > 0 || bodies.every(isOver))
        const { at, isDiscard } = chosen.next().value
        const open = waiting()
        const letter = open[at % Math.max(1, open.length)]
        if (letter === undefined) break
        acted.add(letter.message)
        if (isDiscard) {
          gone.add(letter.body)
          await release(on, letter)
        } else await replay(on, letter, `r${acts}`)
      }
      for (const key of ['a', 'b', 'c']) {
        const ours = handled.filter((body) => body.startsWith(key))
        assert.deepEqual(ours, ours.toSorted())
        assert.equal(new Set(ours).size, ours.length)
      }
      await stop(on, worker)
    }),
    { numRuns: 200 },
  )
})
