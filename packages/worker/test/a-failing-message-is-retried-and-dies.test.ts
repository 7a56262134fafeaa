import assert from 'node:assert/strict'
import { test } from 'node:test'
import { constant } from '../src/backoff.ts'
import { Discard, PermanentError, RetryLater } from '../src/control.ts'
import type { Receipt } from '../src/receipt.ts'
import { freshWire } from '../src/wire.ts'
import { encodeWire } from '../src/wire-codec.ts'
import type { HandlerContext } from '../src/worker/attempt.ts'
import { bed, messageOf, stop, textOf } from './bed.ts'

for (const nativeDelay of [true, false]) {
  const kind = nativeDelay ? 'native delay' : 'lanes read ahead'

  test(`a handled message leaves (${kind})`, async () => {
    const on = bed({ nativeDelay })
    const seen: string[] = []
    const worker = await on.worker({ handle: (message) => void seen.push(textOf(message)) })
    await on.send('a', 'b', 'c')
    await on.until('all handled', () => seen.length === 3)
    await on.until('all acknowledged', () => on.depth('orders') === 0)
    assert.equal(worker.health().counters.handled, 3)
    await stop(on, worker)
  })

  test(`a failing message is called maxAttempts times and dies with its context (${kind})`, async () => {
    const on = bed({ nativeDelay })
    const calls: { atMs: number; context: HandlerContext }[] = []
    const worker = await on.worker({
      handle(_, context) {
        calls.push({ atMs: on.clock.now(), context })
        throw Object.assign(new Error(`no answer ${calls.length}`), { code: 'ECONNREFUSED' })
      },
      retry: { maxAttempts: 3, backoff: constant(5_000) },
      release: '1.2.3',
    })
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
    const headers = [
      { name: 'x', value: null },
      { name: 'traceparent', value: Buffer.from(traceparent) },
      { name: 'x', value: Buffer.from([255, 0]) },
    ]
    await on.send(messageOf('poison', { key: Buffer.from('k'), headers, timestampMs: 1234 }))
    await on.until('it died', () => on.letters().length === 1)

    assert.deepEqual(
      calls.map(({ context }) => context.attempt),
      [1, 2, 3],
    )
    assert.equal(new Set(calls.map(({ context }) => context.letterId)).size, 1)
    assert.deepEqual(
      calls.map(({ context }) => context.traceparent),
      [traceparent, traceparent, traceparent],
    )
    for (const at of [1, 2]) {
      const gapMs = (calls[at]?.atMs ?? 0) - (calls[at - 1]?.atMs ?? 0)
      assert.ok(gapMs >= 5_000 && gapMs <= 5_250, `called again after ${gapMs} ms`)
    }
    const [letter] = on.letters()
    assert.equal(letter?.body, 'poison')
    assert.deepEqual(letter?.message.key, Uint8Array.from(Buffer.from('k')))
    assert.deepEqual(
      letter?.message.headers.slice(0, 3).map(({ name, value }) => [name, value && [...value]]),
      headers.map(({ name, value }) => [name, value && [...value]]),
    )
    const { wire } = letter
    assert.equal(wire?.attempts, 3)
    assert.equal(wire.maxAttempts, 3)
    assert.equal(wire.tier, 'transient')
    assert.equal(wire.reason, 'attempts')
    assert.equal(wire.hops, 1)
    assert.equal(wire.dueAtMs, null)
    assert.equal(wire.firstFailedAtMs, calls[0]?.atMs)
    assert.equal(wire.lastFailedAtMs, calls[2]?.atMs)
    assert.deepEqual(wire.origin, {
      system: 'memory',
      place: 'orders',
      consumer: 'reefer',
      partition: '0',
      position: null,
      nativeId: 'orders/0/0',
      timestampMs: 1234,
    })
    assert.deepEqual(wire.worker, { service: 'reefer', release: '1.2.3', host: 'test' })
    assert.equal(wire.traceparent, traceparent)
    assert.deepEqual(
      wire.history.map(({ message, count }) => [message, count]),
      [
        ['no answer 3', 1],
        ['no answer 2', 1],
        ['no answer 1', 1],
      ],
    )
    assert.match(letter.stack ?? '', /no answer 3/)
    await on.until('nothing is left', () => on.depth('orders') + on.depth('orders-retries-reefer') === 0)
    await stop(on, worker)
  })

  test(`a long delay goes to a long lane and does not hold up a short one (${kind})`, async () => {
    const on = bed({ nativeDelay })
    const done: { body: string; atMs: number }[] = []
    const failedOnce = new Set<string>()
    const worker = await on.worker({
      handle(message) {
        const body = textOf(message)
        if (failedOnce.has(body)) return void done.push({ body, atMs: on.clock.now() })
        failedOnce.add(body)
        throw new RetryLater(body === 'long' ? 600_000 : 1_000)
      },
    })
    const startMs = on.clock.now()
    await on.send('long', 'short')
    if (!nativeDelay) {
      const waiting = (): number[] => ['', '-1m', '-10m'].map((bound) => on.depth(`orders-retries-reefer${bound}`))
      await on.until('each waits in its lane', () => waiting().join() === '1,0,1', 10)
    }
    await on.until('both done', () => done.length === 2, 50)
    assert.deepEqual(
      done.map(({ body }) => body),
      ['short', 'long'],
    )
    assert.ok((done[0]?.atMs ?? 0) - startMs <= 1_250, 'short was on time')
    assert.ok((done[1]?.atMs ?? 0) - startMs - 600_000 <= 250, 'long was on time')
    await stop(on, worker)
  })
}

test('permanent and malformed failures die at once, discards leave', async () => {
  const on = bed()
  const reasons: string[] = []
  const worker = await on.worker({
    handle(message) {
      if (textOf(message) === 'never') throw new PermanentError('no such customer')
      if (textOf(message) === 'stale') throw new Discard('too old')
      return JSON.parse(textOf(message)) as unknown
    },
  })
  worker.on('discarded', ({ reason }) => reasons.push(reason))
  await on.send('never', 'stale', '{broken')
  await on.until('two died', () => on.letters().length === 2 && on.depth('orders') === 0)
  const tiers = on.letters().map(({ body, wire }) => [body, wire?.tier, wire?.reason, wire?.attempts])
  assert.deepEqual(tiers.toSorted(), [
    ['never', 'permanent', 'rejected', 1],
    ['{broken', 'malformed', 'rejected', 1],
  ])
  assert.deepEqual(reasons, ['too old'])
  await stop(on, worker)
})

test('outcomes may be returned', async () => {
  const on = bed()
  const attempts: number[] = []
  const worker = await on.worker({
    handle(message, { attempt }) {
      if (textOf(message) === 'dead') return { kind: 'dead', cause: new Error('beyond help') }
      attempts.push(attempt)
      return attempt < 3 ? { kind: 'retry', delayMs: 50 } : { kind: 'handled' }
    },
  })
  await on.send('again', 'dead')
  await on.until(
    'both ended',
    () => on.letters().length === 1 && attempts.length === 3 && on.depth('orders-retries-reefer') === 0,
  )
  assert.deepEqual(attempts, [1, 2, 3])
  assert.equal(on.letters()[0]?.wire?.tier, 'permanent')
  await stop(on, worker)
})

test('a replay is reported before it is acknowledged, and a wire of another consumer is not believed', async () => {
  const on = bed()
  const contexts: (string | null)[] = []
  const worker = await on.worker({
    handle(message, { replayId }) {
      contexts.push(replayId)
      if (textOf(message) === 'fails') throw new PermanentError('still')
    },
  })
  const wire = freshWire({
    id: 'letter-1',
    origin: {
      system: 'memory',
      place: 'orders',
      consumer: 'reefer',
      partition: '0',
      position: null,
      nativeId: null,
      timestampMs: null,
    },
    hops: 1,
    replayId: 'replay-1',
  })
  const replay = (body: string, changes: object) =>
    messageOf(body, { headers: encodeWire({ ...wire, ...changes }, null, { headerBytes: 4096, stackBytes: 0 }) })
  const producer = on.broker()
  await producer.send('orders-retries-reefer', [{ message: replay('works', {}) }])
  await producer.send('orders', [
    { message: replay('fails', { id: 'letter-2', replayId: 'replay-2' }) },
    {
      message: replay('foreign', {
        id: 'letter-3',
        replayId: 'replay-3',
        origin: { ...wire.origin, consumer: 'billing' },
      }),
    },
  ])
  await on.until('two receipts', () => on.depth('redrive-receipts') === 2 && on.depth('orders') === 0)
  const receipts = on.letters('redrive-receipts').map(({ body }) => JSON.parse(body) as Receipt)
  assert.deepEqual(
    receipts.map(({ replayId, letterId, result, attempts }) => [replayId, letterId, result, attempts]).toSorted(),
    [
      ['replay-1', 'letter-1', 'handled', 1],
      ['replay-2', 'letter-2', 'failed', 1],
    ],
  )
  const [letter] = on.letters()
  assert.equal(letter?.wire?.replayId, 'replay-2')
  assert.equal(letter.wire.hops, 2)
  assert.deepEqual(contexts.toSorted(), [null, 'replay-1', 'replay-2'].toSorted())
  await stop(on, worker)
})
