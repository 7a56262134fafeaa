import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constant } from '../src/backoff.ts'
import { bed, stop } from './bed.ts'

test('a handler that ignores its signal is fenced: its late result changes nothing and is counted', async () => {
  const on = bed()
  const late: string[] = []
  const slow = Promise.withResolvers<void>()
  let aborts = 0
  const deadlines: number[] = []
  const worker = await on.worker({
    timeoutMs: 1_000,
    retry: { maxAttempts: 2, backoff: constant(100) },
    async handle(_, { attempt, signal, deadline }) {
      deadlines.push(deadline - on.clock.now())
      signal.addEventListener('abort', () => aborts++)
      await slow.promise
      if (attempt === 2) throw new Error('late and failing')
    },
  })
  worker.on('late', ({ result }) => late.push(result))
  await on.send('hangs')
  await on.until('it died', () => on.letters().length === 1)
  const [letter] = on.letters()
  assert.deepEqual([letter?.wire?.tier, letter?.wire?.reason, letter?.wire?.attempts], ['timeout', 'attempts', 2])
  assert.match(letter?.wire?.failure?.message ?? '', /1000 ms/)
  assert.equal(aborts, 2)
  assert.deepEqual(deadlines, [1_000, 1_000])
  assert.equal(worker.health().lateResults, 0)
  slow.resolve()
  await on.clock.advance(10)
  assert.deepEqual(late.toSorted(), ['failed', 'handled'])
  assert.equal(worker.health().lateResults, 2)
  assert.deepEqual([worker.health().counters.handled, worker.health().counters.died], [0, 1])
  assert.equal(on.letters().length, 1)
  assert.equal(on.depth('orders') + on.depth('orders-retries-reefer'), 0)
  await stop(on, worker)
})

test('a handler that answers to its signal at once has timed out all the same', async () => {
  const on = bed()
  const worker = await on.worker({
    timeoutMs: 1_000,
    retry: { maxAttempts: 1 },
    async handle(_, { signal }) {
      await on.clock.sleep(60_000, signal)
    },
  })
  await on.send('x')
  await on.until('it died', () => on.letters().length === 1)
  assert.equal(on.letters()[0]?.wire?.tier, 'timeout')
  assert.equal(worker.health().counters.handled, 0)
  await stop(on, worker)
})

test('a fenced handler holds up nobody', async () => {
  const on = bed()
  let handled = 0
  const worker = await on.worker({
    timeoutMs: 500,
    concurrency: 2,
    retry: { maxAttempts: 1 },
    handle: (message) => (message.body?.byteLength === 1 ? new Promise(() => undefined) : void handled++),
  })
  await on.send('1', '2', 'good', 'good', 'good')
  await on.clock.advance(450)
  assert.equal(handled, 0)
  await on.until('the good ones are handled', () => handled === 3 && on.letters().length === 2)
  await stop(on, worker)
})
