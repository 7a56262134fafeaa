import assert from 'node:assert/strict'
import type { Delivery } from '../broker.ts'
import type { Cases } from './case.ts'
import { bodyOf, hook, messageOf, nothingFrom, placeFor, receiveFrom, sendAll, take, takeUntil } from './steps.ts'

export type SettlementCase =
  | 'ack removes'
  | 'unsettled comes again after a crash'
  | 'ack out of order loses nothing'
  | 'release comes again'
  | 'release waits its delay'
  | 'settling twice is harmless'
  | 'extend is harmless'

const bodiesOf = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => `m${n}`)

export const settlementCases: Cases<SettlementCase> = {
  async 'ack removes'(context) {
    const place = await placeFor(context, 'ack')
    await sendAll(
      context.broker,
      place,
      bodiesOf(5).map((body) => messageOf(body)),
    )
    const subscription = await receiveFrom(context.broker, place)
    const taken = await take(context, subscription, 5)
    await subscription.settle(taken, { kind: 'ack' })
    await subscription.close()
    const again = await receiveFrom(await context.other(), place)
    await nothingFrom(context, again)
    await again.close()
  },

  async 'unsettled comes again after a crash'(context) {
    const crash = hook(context.crash, 'crash')
    const place = await placeFor(context, 'crash')
    await sendAll(
      context.broker,
      place,
      bodiesOf(5).map((body) => messageOf(body)),
    )
    const doomed = await context.other()
    const subscription = await receiveFrom(doomed, place)
    const taken = await take(context, subscription, 5)
    await subscription.settle(taken.slice(0, 2), { kind: 'ack' })
    await crash(doomed)
    const survivor = await receiveFrom(context.broker, place)
    const wanted = taken.slice(2).map(bodyOf)
    const again = await takeUntil(context, survivor, (seen) =>
      wanted.every((body) => seen.some((delivery) => bodyOf(delivery) === body)),
    )
    for (const delivery of again) {
      if (wanted.includes(bodyOf(delivery)))
        assert.equal(delivery.redelivered, true, `${bodyOf(delivery)} is marked as redelivered`)
    }
    const before = new Map(taken.map((delivery) => [bodyOf(delivery), delivery.nativeId]))
    for (const delivery of again) assert.equal(delivery.nativeId, before.get(bodyOf(delivery)), 'the native id stays')
    await survivor.close()
  },

  async 'ack out of order loses nothing'(context) {
    const crash = hook(context.crash, 'crash')
    const place = await placeFor(context, 'out-of-order')
    await sendAll(
      context.broker,
      place,
      bodiesOf(20).map((body) => messageOf(body)),
    )
    const doomed = await context.other()
    const subscription = await receiveFrom(doomed, place)
    const taken = await take(context, subscription, 20)
    const isOdd = (_: Delivery, index: number): boolean => index % 2 === 1
    await subscription.settle(taken.filter(isOdd).toReversed(), { kind: 'ack' })
    await crash(doomed)
    const survivor = await receiveFrom(context.broker, place)
    const wanted = taken.filter((_, index) => index % 2 === 0).map(bodyOf)
    await takeUntil(context, survivor, (seen) =>
      wanted.every((body) => seen.some((delivery) => bodyOf(delivery) === body)),
    )
    await survivor.close()
  },

  async 'release comes again'(context) {
    const place = await placeFor(context, 'release')
    await sendAll(
      context.broker,
      place,
      bodiesOf(3).map((body) => messageOf(body)),
    )
    const subscription = await receiveFrom(context.broker, place)
    const taken = await take(context, subscription, 3)
    await subscription.settle(taken.slice(1), { kind: 'ack' })
    await subscription.settle(taken.slice(0, 1), { kind: 'release', delayMs: 0 })
    const again = await take(context, subscription, 1)
    assert.deepEqual(again.map(bodyOf), taken.slice(0, 1).map(bodyOf))
    if (context.broker.capabilities.redelivered === 'exact') {
      assert.equal(again[0]?.redelivered, false, 'a release is a settlement, not a loss')
    }
    await subscription.settle(again, { kind: 'ack' })
    await nothingFrom(context, subscription)
    await subscription.close()
  },

  async 'release waits its delay'(context) {
    const place = await placeFor(context, 'release-later')
    await sendAll(context.broker, place, [messageOf('m0')])
    const subscription = await receiveFrom(context.broker, place)
    const taken = await take(context, subscription, 1)
    const delayMs = 1_200
    const startMs = Date.now()
    await subscription.settle(taken, { kind: 'release', delayMs })
    const again = await take(context, subscription, 1)
    const tookMs = Date.now() - startMs
    assert.ok(tookMs >= delayMs - 50 && tookMs < delayMs + 5_000, `came again after ${tookMs} ms instead of ${delayMs}`)
    await subscription.settle(again, { kind: 'ack' })
    await subscription.close()
  },

  async 'settling twice is harmless'(context) {
    const place = await placeFor(context, 'twice')
    await sendAll(
      context.broker,
      place,
      bodiesOf(3).map((body) => messageOf(body)),
    )
    const subscription = await receiveFrom(context.broker, place)
    const taken = await take(context, subscription, 3)
    await subscription.settle(taken, { kind: 'ack' })
    await subscription.settle(taken, { kind: 'ack' })
    await subscription.settle(taken, { kind: 'release', delayMs: 0 })
    await nothingFrom(context, subscription)
    await sendAll(context.broker, place, [messageOf('after')])
    const after = await take(context, subscription, 1)
    assert.deepEqual(after.map(bodyOf), ['after'], 'the subscription still works')
    await subscription.settle(after, { kind: 'ack' })
    await subscription.close()
    await subscription.settle(after, { kind: 'ack' })
  },

  async 'extend is harmless'(context) {
    const place = await placeFor(context, 'extend')
    await sendAll(context.broker, place, [messageOf('m0')])
    const subscription = await receiveFrom(context.broker, place)
    const taken = await take(context, subscription, 1)
    await subscription.extend(taken, 10_000)
    await subscription.settle(taken, { kind: 'ack' })
    await subscription.extend(taken, 10_000)
    await nothingFrom(context, subscription)
    await subscription.close()
  },
}
