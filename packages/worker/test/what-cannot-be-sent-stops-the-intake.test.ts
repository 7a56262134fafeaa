import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SendResult } from '../src/broker.ts'
import { PermanentError } from '../src/control.ts'
import { outageOf } from '../src/testing/outage.ts'
import { bed, intercepted, messageOf, never, stop, textOf } from './bed.ts'

const permanent = (): never => {
  throw new PermanentError('no')
}
const transient = (): never => {
  throw Object.assign(new Error('down'), { code: 'ECONNRESET' })
}

for (const [what, place, handle] of [
  ['dead-letter place', 'orders-dead-letter', permanent],
  ['retry lane', 'orders-retries-reefer', transient],
] as const) {
  for (const answer of [undefined, { kind: 'uncertain', reason: 'cut' }] as const satisfies readonly (
    | SendResult
    | undefined
  )[]) {
    test(`while the ${what} is out (${answer?.kind ?? 'not-sent'}) the worker takes in nothing, says so, and loses nothing`, async () => {
      const on = bed()
      const outage = outageOf(on.broker())
      const seen: string[] = []
      const events: string[] = []
      const worker = await on.worker({
        broker: outage.broker,
        concurrency: 1,
        handle(message) {
          seen.push(textOf(message))
          if (textOf(message) === 'fails') handle()
        },
      })
      worker.on('paused', ({ reason }) => events.push(`paused: ${reason}`))
      worker.on('resumed', ({ pausedMs }) => events.push(`resumed after ${pausedMs > 60_000}`))
      outage.sleep({ places: [place], ...(answer === undefined ? {} : { answer }) })
      await on.send('fails')
      await on.until('paused', () => worker.health().state === 'paused')
      await on.clock.advance(2_000)
      await on.send(...Array.from({ length: 100 }, (_, n) => `good ${n}`))
      await on.clock.advance(120_000)
      assert.deepEqual(seen, ['fails'], 'nothing else was started')
      assert.equal(worker.health().queued, 0, 'nor taken in')
      assert.equal(worker.health().state, 'paused')
      assert.match(worker.health().pausedReason ?? '', new RegExp(place))
      assert.equal(on.depth('orders'), 101, 'nothing was acknowledged')
      outage.wake()
      await on.until('all good ones handled', () => seen.length >= 101 && on.depth('orders') === 0)
      assert.equal(worker.health().state, 'running')
      assert.equal(on.letters(place).length + (what === 'retry lane' ? worker.health().counters.retried : 0) >= 1, true)
      assert.match(events[0] ?? '', /^paused: cannot send/)
      assert.equal(events[1], 'resumed after true')
      await stop(on, worker)
    })
  }
}

test('an uncertain send is repeated under the same identity', async () => {
  const on = bed()
  const inner = on.broker()
  let cuts = 0
  const broker = {
    ...inner,
    async send(...args: Parameters<typeof inner.send>): Promise<readonly SendResult[]> {
      const results = await inner.send(...args)
      return args[0] === 'orders-dead-letter' && cuts++ < 2
        ? results.map(() => ({ kind: 'uncertain', reason: 'cut after the write' }))
        : results
    },
  }
  const worker = await on.worker({ broker, handle: permanent })
  await on.send('x')
  await on.until('acknowledged', () => on.depth('orders') === 0)
  assert.equal(on.letters().length, 3)
  assert.equal(new Set(on.letters().map(({ wire }) => wire?.id)).size, 1)
  assert.equal(worker.health().counters.died, 1)
  await stop(on, worker)
})

test('a dead-letter place that was deleted is made again', async () => {
  const on = bed()
  const broker = on.broker()
  const worker = await on.worker({ broker, handle: permanent })
  broker.store.places.delete('orders-dead-letter')
  await on.send('x')
  await on.until('it died', () => on.letters().length === 1 && on.depth('orders') === 0)
  assert.notEqual(on.letters()[0]?.wire, null)
  await stop(on, worker)
})

test('a letter shrinks until the broker takes it; body, key and at last nothing else are kept', async () => {
  const maxBytes = 10_000
  for (const room of [5_000, 2_000, 1_000, 400, 300, 100, 10, 0]) {
    const on = bed({ maxBytes, maxHeaderBytes: 10_000 })
    const worker = await on.worker({
      handle() {
        throw new PermanentError('x'.repeat(5_000))
      },
    })
    const headers = [{ name: 'tenant', value: Buffer.from('acme') }]
    const body = 'b'.repeat(maxBytes - room - 'tenant'.length - 'acme'.length - 3)
    await on.send(messageOf(body, { key: Buffer.from('key'), headers }))
    await on.until(`it died with room for ${room} bytes`, () => on.letters().length === 1 && on.depth('orders') === 0)
    const [letter] = on.letters()
    assert.equal(letter?.body, body)
    assert.equal(Buffer.from(letter.message.key ?? []).toString(), 'key')
    if (room >= 400) {
      assert.equal(letter.wire?.tier, 'permanent')
      assert.equal(letter.message.headers[0]?.name, 'tenant')
    }
    await stop(on, worker)
  }
})

test('a message too large for its retry lane dies instead of being tried forever', async () => {
  const on = bed({ maxBytes: 10_000, maxHeaderBytes: 10_000 })
  const worker = await on.worker({ handle: transient })
  await on.send('b'.repeat(9_990))
  await on.until('it died', () => on.letters().length === 1 && on.depth('orders') === 0)
  assert.equal(worker.health().state, 'running')
  await stop(on, worker)
})

test('a dead-letter place that takes nothing keeps the worker paused, not the message lost', async () => {
  const on = bed()
  let isRefusing = true
  const refusal: SendResult = { kind: 'not-sent', reason: 'access denied', retryable: false }
  const broker = intercepted(on.broker(), (place) =>
    isRefusing && place === 'orders-dead-letter' ? refusal : undefined,
  )
  const worker = await on.worker({ broker, handle: permanent })
  await on.send('x')
  await on.clock.advance(600_000)
  assert.equal(worker.health().state, 'paused')
  assert.match(worker.health().pausedReason ?? '', /access denied/)
  assert.equal(on.depth('orders'), 1)
  isRefusing = false
  await on.until('it died', () => on.letters().length === 1 && on.depth('orders') === 0)
  assert.equal(on.letters()[0]?.wire?.tier, 'permanent', 'with all its context')
  await stop(on, worker)
})

test('receipts that cannot be sent hold the acknowledgement back', async () => {
  const on = bed()
  const outage = outageOf(on.broker())
  const worker = await on.worker({ broker: outage.broker, handle: () => undefined })
  outage.sleep({ places: ['redrive-receipts'] })
  const header = {
    name: 'redrive',
    value: Buffer.from(JSON.stringify({ v: 1, id: 'i', dst: 'orders', grp: 'reefer', att: 0, rp: 'r-1' })),
  }
  await on.send(messageOf('replayed', { headers: [header] }))
  await on.clock.advance(30_000)
  assert.equal(on.depth('orders'), 1)
  outage.wake()
  await on.until('acknowledged', () => on.depth('orders') === 0)
  assert.equal(on.depth('redrive-receipts'), 1)
  await stop(on, worker)
})

test('a suspect that cannot be moved before the stop stays a suspect', async () => {
  const on = bed()
  await on.send('x')
  const dead = on.broker()
  await on.worker({ broker: dead, handle: () => never() })
  await on.clock.advance(10)
  dead.crash()
  const out: SendResult = { kind: 'not-sent', reason: 'out', retryable: true }
  const cut = intercepted(on.broker(), (place) => (place === 'orders-suspects-reefer' ? out : undefined))
  const places: string[] = []
  const handle = (_: unknown, { place }: { readonly place: string }): void => void places.push(place)
  const second = await on.worker({ broker: cut, shutdownMs: 500, handle })
  await on.until('it is stuck', () => second.health().state === 'paused')
  await stop(on, second)
  assert.equal(on.depth('orders'), 1)
  const third = await on.worker({ handle })
  await on.until('handled', () => places.length === 1)
  assert.deepEqual(places, ['orders-suspects-reefer'])
  await stop(on, third)
})
