import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PermanentError } from '../src/control.ts'
import type { WorkerOptions } from '../src/worker/options.ts'
import { type Bed, bed, intercepted, stop, textOf } from './bed.ts'

const handle: WorkerOptions['handle'] = (message) => {
  if (textOf(message).startsWith('dies')) throw new PermanentError('no')
}

interface Reported {
  readonly replayId: string
  readonly result: string
  readonly traffic: {
    readonly queue: string
    readonly consumer: string
    readonly fromMs: number
    readonly toMs: number
    readonly handled: number
    readonly died: Readonly<Record<string, number>>
  }
}

const reports = (on: Bed): readonly Reported[] =>
  on.letters('redrive-receipts').map(({ body }) => JSON.parse(body) as Reported)
const idIn = (body: string): string => (JSON.parse(body) as Reported).replayId
const counts = (on: Bed): readonly unknown[] => reports(on).map(({ traffic: { handled, died } }) => ({ handled, died }))

test('each minute the office hears how many were handled and died, and at the end what is left', async () => {
  const on = bed()
  const startMs = on.clock.now()
  const worker = await on.worker({ handle })
  await on.send('a', 'b', 'dies')
  await on.clock.advance(59_000)
  assert.equal(reports(on).length, 0)
  await on.clock.advance(1_000)
  await on.send('c', 'dies', 'dies')
  await on.clock.advance(60_000)
  await on.clock.advance(60_000)
  await on.send('d')
  await on.until('handled', () => worker.health().counters.handled === 4)
  await stop(on, worker)
  assert.deepEqual(counts(on), [
    { handled: 2, died: { permanent: 1 } },
    { handled: 1, died: { permanent: 2 } },
    // Nothing came, but the worker lives.
    { handled: 0, died: {} },
    { handled: 1, died: {} },
  ])
  const [first, second] = reports(on)
  assert.deepEqual([first?.traffic.queue, first?.traffic.consumer, first?.result], ['orders', 'reefer', 'handled'])
  assert.deepEqual([first?.traffic.fromMs, first?.traffic.toMs], [startMs, startMs + 60_000])
  assert.equal(second?.traffic.fromMs, first?.traffic.toMs)
  assert.equal(new Set(reports(on).map(({ replayId }) => replayId)).size, 4)
})

test('a worker that handled nothing since its last report says no more at its end', async () => {
  const on = bed()
  const worker = await on.worker({ handle })
  await stop(on, worker)
  assert.deepEqual(reports(on), [])
})

test('nothing is told with traffic: false, nor where no receipts are sent', async () => {
  for (const options of [{ traffic: false }, { receipts: null }]) {
    const on = bed()
    const worker = await on.worker({ handle, ...options })
    await on.send('a', 'dies')
    await on.clock.advance(600_000)
    await stop(on, worker)
    assert.deepEqual(reports(on), [])
  }
})

for (const kind of ['not-sent', 'uncertain'] as const)
  test(`what cannot be sent (${kind}) holds up nothing, is sent later under its id, and is bounded`, async () => {
    const on = bed()
    let isOut = true
    const tried: string[] = []
    const troubles: string[] = []
    const broker = intercepted(on.broker(), (place, message) => {
      if (place !== 'redrive-receipts') return undefined
      if (isOut) tried.push(idIn(textOf(message)))
      return isOut ? { kind, reason: 'cut', retryable: true } : undefined
    })
    const worker = await on.worker({ broker, handle })
    worker.on('trouble', ({ message }) => troubles.push(message))
    for (let minute = 0; minute < 12; minute++) {
      await on.send(...Array.from({ length: minute + 1 }, () => 'good'))
      await on.clock.advance(60_000)
    }
    assert.equal(worker.health().state, 'running')
    assert.equal(worker.health().counters.handled, 78)
    assert.equal(troubles.length, 1)
    assert.match(troubles[0] ?? '', /^traffic is not reported: /)
    const before = reports(on).length
    isOut = false
    await on.clock.advance(60_000)
    const handled = counts(on)
      .slice(before)
      .map((each) => (each as { handled: number }).handled)
    assert.deepEqual(
      reports(on)
        .slice(0, 9)
        .map(({ replayId }) => replayId),
      [...new Set(tried)].slice(-9),
    )
    assert.deepEqual(handled, [4, 5, 6, 7, 8, 9, 10, 11, 12, 0])
    await stop(on, worker)
  })

test('where nobody reads, reports do not pile up', async () => {
  const on = bed()
  const troubles: string[] = []
  const worker = await on.worker({ handle })
  worker.on('trouble', ({ message }) => troubles.push(message))
  const producer = on.broker()
  await producer.send(
    'redrive-receipts',
    Array.from({ length: 10_001 }, () => ({ message: { key: null, body: null, headers: [] } })),
  )
  await on.clock.advance(60_000)
  assert.equal(on.depth('redrive-receipts'), 10_001)
  await on.clock.advance(8 * 60_000)
  assert.equal(on.depth('redrive-receipts'), 10_001)
  assert.match(troubles.join(), /no office seems to read it/)
  await stop(on, worker)
})

test('the option is on or off', () => {
  const on = bed()
  return assert.rejects(on.worker({ handle, traffic: 'yes' as never }), { code: 'OPTION_INVALID' })
})
