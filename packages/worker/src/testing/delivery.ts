import assert from 'node:assert/strict'
import type { Cases } from './case.ts'
import {
  bodyOf,
  messageOf,
  nothingFrom,
  placeFor,
  receiveFrom,
  rejectsAsMissing,
  sendAll,
  take,
  takeUntil,
  text,
  until,
} from './steps.ts'

export type DeliveryCase =
  | 'what is sent arrives'
  | 'body bytes arrive unchanged'
  | 'keys arrive unchanged'
  | 'fresh messages are not redelivered'
  | 'consumers share a place'
  | 'in flight is bounded by count'
  | 'in flight is bounded by bytes'
  | 'next answers within waitMs'
  | 'native delay is kept'
  | 'positions are honoured'

const allBytes = Uint8Array.from({ length: 256 }, (_, byte) => byte)
const bodies: readonly (Uint8Array | null)[] = [
  null,
  new Uint8Array(0),
  allBytes,
  text('null'),
  text('{"a": 1,  "b":2}\n'),
  text('\u0000\u{1f9ca} é'),
  Uint8Array.of(0xff, 0xfe, 0xc3, 0x28),
]

export const deliveryCases: Cases<DeliveryCase> = {
  async 'what is sent arrives'(context) {
    const place = await placeFor(context, 'arrives')
    const subscription = await receiveFrom(context.broker, place)
    const sent = Array.from({ length: 50 }, (_, n) => `message ${n}`)
    await sendAll(
      context.broker,
      place,
      sent.map((body) => messageOf(body)),
    )
    const taken = await take(context, subscription, sent.length)
    assert.deepEqual(taken.map(bodyOf).toSorted(), sent.toSorted())
    for (const delivery of taken) {
      assert.equal(delivery.place, place)
      assert.ok(delivery.bytes > 0)
    }
    const ids = taken.map(({ nativeId }) => nativeId).filter((id) => id !== null)
    assert.equal(new Set(ids).size, ids.length, 'native ids are unique')
    await subscription.settle(taken, { kind: 'ack' })
    await subscription.close()
  },

  async 'body bytes arrive unchanged'(context) {
    const place = await placeFor(context, 'bytes')
    const subscription = await receiveFrom(context.broker, place)
    for (const body of bodies) {
      await sendAll(context.broker, place, [messageOf(body)])
      const [delivery] = await take(context, subscription, 1)
      const received = delivery?.message.body
      const show = body === null ? 'null' : Buffer.from(body).toString('hex')
      assert.equal(received === null ? 'null' : Buffer.from(received ?? []).toString('hex'), show)
      if (delivery !== undefined) await subscription.settle([delivery], { kind: 'ack' })
    }
    await subscription.close()
  },

  async 'keys arrive unchanged'(context) {
    const place = await placeFor(context, 'keys')
    if (!context.broker.capabilities.keys) {
      const [result] = await context.broker.send(place, [{ message: messageOf('x', { key: text('k') }) }])
      assert.ok(result?.kind === 'not-sent' && !result.retryable, 'a key that cannot be carried is refused, not lost')
      return
    }
    const subscription = await receiveFrom(context.broker, place)
    for (const key of [null, new Uint8Array(0), text('order-1'), allBytes]) {
      await sendAll(context.broker, place, [messageOf('x', { key })])
      const [delivery] = await take(context, subscription, 1)
      const received = delivery?.message.key
      assert.equal(
        received === null ? 'null' : Buffer.from(received ?? []).toString('hex'),
        key === null ? 'null' : Buffer.from(key).toString('hex'),
      )
      if (delivery !== undefined) await subscription.settle([delivery], { kind: 'ack' })
    }
    await subscription.close()
  },

  async 'fresh messages are not redelivered'(context) {
    if (context.broker.capabilities.redelivered !== 'exact') return
    const place = await placeFor(context, 'fresh')
    await sendAll(context.broker, place, [messageOf('a'), messageOf('b')])
    const subscription = await receiveFrom(context.broker, place)
    const taken = await take(context, subscription, 2)
    assert.deepEqual(
      taken.map(({ redelivered }) => redelivered),
      [false, false],
    )
    for (const { deliveryCount } of taken) if (deliveryCount !== null) assert.equal(deliveryCount, 1)
    await subscription.settle(taken, { kind: 'ack' })
    await subscription.close()
  },

  async 'consumers share a place'(context) {
    const place = await placeFor(context, 'shared')
    const second = await context.other()
    const one = await receiveFrom(context.broker, place)
    const two = await receiveFrom(second, place)
    const sent = Array.from({ length: 200 }, (_, n) => `message ${n}`)
    const seen: string[] = []
    let done = false
    const consume = async (subscription: typeof one): Promise<void> => {
      while (!done) {
        const next = await subscription.next({ maxMessages: 5, waitMs: 100 })
        await subscription.settle(next, { kind: 'ack' })
        seen.push(...next.map(bodyOf))
      }
    }
    const consuming = Promise.all([consume(one), consume(two)])
    await sendAll(
      context.broker,
      place,
      sent.map((body) => messageOf(body)),
    )
    await until(context, 'every message was received by one of two', () => sent.every((body) => seen.includes(body)))
    done = true
    await consuming
    await one.close()
    await two.close()
    assert.deepEqual(seen.toSorted(), sent.toSorted(), 'each message once')
  },

  async 'in flight is bounded by count'(context) {
    const place = await placeFor(context, 'count-bound')
    await sendAll(
      context.broker,
      place,
      Array.from({ length: 10 }, (_, n) => messageOf(`m${n}`)),
    )
    const subscription = await receiveFrom(context.broker, place, { maxInFlight: { messages: 3, bytes: 1_000_000 } })
    const first = await take(context, subscription, 3)
    await nothingFrom(context, subscription)
    await subscription.settle(first.slice(0, 2), { kind: 'ack' })
    const more = await take(context, subscription, 2)
    await nothingFrom(context, subscription)
    await subscription.settle([...first, ...more], { kind: 'ack' })
    const rest = await takeUntil(context, subscription, (taken) => taken.length >= 5)
    assert.equal(rest.length, 5)
    await subscription.close()
  },

  async 'in flight is bounded by bytes'(context) {
    const place = await placeFor(context, 'byte-bound')
    const size = 10_000
    await sendAll(
      context.broker,
      place,
      Array.from({ length: 8 }, () => messageOf(new Uint8Array(size))),
    )
    const subscription = await receiveFrom(context.broker, place, { maxInFlight: { messages: 100, bytes: 3.5 * size } })
    const first = await take(context, subscription, 3)
    await nothingFrom(context, subscription)
    await subscription.settle(first, { kind: 'ack' })
    await takeUntil(context, subscription, (taken) => taken.length >= 5)
    await sendAll(context.broker, place, [messageOf(new Uint8Array(5 * size))])
    const [large] = await take(context, subscription, 1)
    assert.equal(large?.message.body?.byteLength, 5 * size, 'one message above the bound is still delivered, alone')
    if (large !== undefined) await subscription.settle([large], { kind: 'ack' })
    await subscription.close()
  },

  async 'next answers within waitMs'(context) {
    const place = await placeFor(context, 'waits')
    const subscription = await receiveFrom(context.broker, place)
    await subscription.next({ maxMessages: 1, waitMs: 50 })
    const startMs = Date.now()
    assert.deepEqual(await subscription.next({ maxMessages: 1, waitMs: 200 }), [])
    const tookMs = Date.now() - startMs
    assert.ok(tookMs >= 150 && tookMs < 2_000, `answered after ${tookMs} ms`)
    const waiting = subscription.next({ maxMessages: 10, waitMs: context.deadlineMs })
    await sendAll(context.broker, place, [messageOf('wakes it')])
    const woken = await waiting
    assert.deepEqual(woken.map(bodyOf), ['wakes it'])
    await subscription.settle(woken, { kind: 'ack' })
    await subscription.close()
  },

  async 'native delay is kept'(context) {
    const place = await placeFor(context, 'delay')
    const { nativeDelay } = context.broker.capabilities
    const delayMs = 1_500
    if (nativeDelay === false)
      return rejectsAsMissing(() => context.broker.send(place, [{ message: messageOf('x'), delayMs }]))
    const subscription = await receiveFrom(context.broker, place)
    const startMs = Date.now()
    await sendAll(context.broker, place, [{ message: messageOf('later'), delayMs }, { message: messageOf('now') }])
    const [first] = await take(context, subscription, 1)
    assert.ok(first !== undefined && bodyOf(first) === 'now', 'a delayed message does not hold up others')
    await subscription.settle([first], { kind: 'ack' })
    const [second] = await take(context, subscription, 1)
    const tookMs = Date.now() - startMs
    assert.ok(second !== undefined && bodyOf(second) === 'later')
    assert.equal(second.redelivered, false, 'waiting is not a delivery')
    assert.ok(tookMs >= delayMs - 20, `came after ${tookMs} ms, not before ${delayMs}`)
    assert.ok(tookMs < delayMs + 5_000, `came after ${tookMs} ms`)
    await subscription.settle([second], { kind: 'ack' })
    await subscription.close()
  },

  async 'positions are honoured'(context) {
    const place = await placeFor(context, 'positions')
    const { positions } = context.broker.capabilities
    const none = { load: () => Promise.resolve(new Map<string, bigint>()) }
    if (!positions) return rejectsAsMissing(() => receiveFrom(context.broker, place, { positions: none }))
    await sendAll(
      context.broker,
      place,
      Array.from({ length: 10 }, (_, n) => messageOf(`m${n}`, { key: text('same') })),
    )
    const first = await receiveFrom(context.broker, place, { positions: none })
    const taken = await take(context, first, 10)
    await first.settle(taken, { kind: 'ack' })
    await first.close()
    const from = taken[4]
    assert.ok(from !== undefined && from.position !== null)
    const { partition, position } = from
    const load = (_: string, partitions: readonly string[]): Promise<ReadonlyMap<string, bigint>> =>
      Promise.resolve(new Map(partitions.includes(partition) ? [[partition, position]] : []))
    const again = await receiveFrom(await context.other(), place, { positions: { load } })
    const second = await take(context, again, 6)
    assert.deepEqual(
      second.map(bodyOf),
      taken.slice(4).map(bodyOf),
      'from the given position on, whatever was committed',
    )
    await again.close()
  },
}
