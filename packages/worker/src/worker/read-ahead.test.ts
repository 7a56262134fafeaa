import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Delivery } from '../broker.ts'
import { readAhead } from './read-ahead.ts'

const never = new AbortController().signal
const delivery = { bytes: 10 } as Delivery

/** The room of a lane now; `0` where it would have to wait. */
async function now(wait: Promise<number>): Promise<number> {
  return Promise.race([wait, new Promise<number>((resolve) => setImmediate(resolve, 0))])
}

test('one lane may use all but what is kept for the others, and they always have that', async () => {
  const { rooms, most } = readAhead({ messages: 800, bytes: 1_000_000 }, 4)
  const [first, second] = rooms
  assert.equal(most.messages, 500)
  assert.equal(await first?.wait(never), 500)
  for (let n = 0; n < 500; n++) first?.take(delivery)
  assert.equal(await now(first?.wait(never) ?? Promise.resolve(-1)), 0)
  assert.equal(await second?.wait(never), 100)
  const waiting = first?.wait(never)
  first?.free(delivery)
  assert.equal(await waiting, 1)
})

test('together they never hold more than the total', async () => {
  const step = fc.record({ lane: fc.nat(3), takes: fc.boolean(), share: fc.double({ min: 0, max: 1, noNaN: true }) })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const { rooms } = readAhead({ messages: 80, bytes: 1_000_000 }, 4)
      const held = [0, 0, 0, 0]
      for (const { lane, takes, share } of steps) {
        const room = rooms[lane]
        const has = held[lane] ?? 0
        const count = takes
          ? Math.ceil(share * (await now(room?.wait(never) ?? Promise.resolve(0))))
          : Math.floor(share * has)
        for (let n = 0; n < count; n++) {
          if (takes) room?.take(delivery)
          else room?.free(delivery)
        }
        held[lane] = has + (takes ? count : -count)
        assert.ok(held.reduce((sum, each) => sum + each, 0) <= 80, held.join())
      }
    }),
  )
})

test('bytes bound as well, but one message always fits', async () => {
  const [room] = readAhead({ messages: 800, bytes: 80 }, 1).rooms
  room?.take({ bytes: 80 } as Delivery)
  assert.equal(await now(room?.wait(never) ?? Promise.resolve(-1)), 0)
  room?.free({ bytes: 80 } as Delivery)
  assert.ok(((await room?.wait(never)) ?? 0) > 0)
})
