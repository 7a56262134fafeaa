import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConsumerEvents } from './driver.ts'
import type { PlatformaticConsumer, PlatformaticFetch } from './platformatic-client.ts'
import { fetchLoops } from './platformatic-fetch.ts'

const empty = { responses: [] }

/** Reads two partitions of one broker that has nothing; answers how long each of the first requests was willing to wait. */
async function waitsOf(options: { readonly requests: number; readonly hasRoom: (partition: number) => boolean }) {
  const waits: number[] = []
  const enough = Promise.withResolvers<void>()
  const metadata = { topics: new Map([['t', { id: 'id', partitions: [{ leader: 1 }, { leader: 1 }] }]]) }
  const consumer = {
    metadata: () => Promise.resolve(metadata),
    clearMetadata() {},
    fetch({ maxWaitTime }: PlatformaticFetch) {
      waits.push(maxWaitTime)
      if (waits.length < options.requests) return Promise.resolve(empty)
      enough.resolve()
      return new Promise(() => {})
    },
  } as unknown as PlatformaticConsumer
  const events = {
    ready: () => [0, 1],
    room: options.hasRoom,
    position: () => 0n,
    trouble: ({ message }: { message: string }) => enough.reject(new Error(message)),
  } as unknown as ConsumerEvents
  const loops = fetchLoops({ consumer, topic: 't', events })
  loops.wake()
  await enough.promise
  void loops.stop()
  return waits
}

test('with room everywhere one request waits as long as a long poll may', async () => {
  assert.deepEqual(await waitsOf({ requests: 3, hasRoom: () => true }), [500, 500, 500])
})

test('a full partition does not wait behind a long poll for an idle one, nor is the broker asked all the time', async () => {
  const waits = await waitsOf({ requests: 8, hasRoom: (partition) => partition === 0 })
  assert.deepEqual(waits, [10, 20, 40, 80, 160, 320, 500, 500])
})
