import assert from 'node:assert/strict'
import { isRedriveError } from '../errors.ts'
import type { Cases } from './case.ts'
import { bodyOf, messageOf, nothingFrom, placeFor, receiveFrom, sendAll, take, takeUntil } from './steps.ts'

export type ShutdownCase =
  | 'close lets in-flight settle'
  | 'close gives back what is not settled'
  | 'close ends a waiting next'
  | 'a closed broker refuses with a code'
  | 'closing twice is harmless'

export const shutdownCases: Cases<ShutdownCase> = {
  async 'close lets in-flight settle'(context) {
    const place = await placeFor(context, 'settle-late')
    await sendAll(context.broker, place, [messageOf('a'), messageOf('b'), messageOf('c')])
    const subscription = await receiveFrom(context.broker, place)
    const taken = await take(context, subscription, 3)
    const settled = Promise.withResolvers<void>()
    const closing = subscription.close(settled.promise)
    await subscription.settle(taken, { kind: 'ack' })
    settled.resolve()
    await closing
    const again = await receiveFrom(await context.other(), place)
    await nothingFrom(context, again)
    await again.close()
  },

  async 'close gives back what is not settled'(context) {
    const place = await placeFor(context, 'give-back')
    await sendAll(context.broker, place, [messageOf('a'), messageOf('b')])
    const first = await context.other()
    const subscription = await receiveFrom(first, place)
    const taken = await take(context, subscription, 2)
    await subscription.settle(taken.slice(0, 1), { kind: 'ack' })
    await subscription.close()
    await first.close()
    const left = taken.slice(1).map(bodyOf)
    const again = await receiveFrom(context.broker, place)
    await takeUntil(context, again, (seen) => left.every((body) => seen.some((delivery) => bodyOf(delivery) === body)))
    await again.close()
  },

  async 'close ends a waiting next'(context) {
    const place = await placeFor(context, 'waiting')
    const subscription = await receiveFrom(context.broker, place)
    await subscription.next({ maxMessages: 1, waitMs: 20 })
    const startMs = Date.now()
    const waiting = subscription.next({ maxMessages: 1, waitMs: context.deadlineMs })
    await subscription.close()
    assert.deepEqual(await waiting, [])
    assert.ok(Date.now() - startMs < context.deadlineMs / 2, 'ended well before waitMs')
    assert.deepEqual(
      await subscription.next({ maxMessages: 1, waitMs: context.deadlineMs }),
      [],
      'and at once afterwards',
    )
  },

  async 'a closed broker refuses with a code'(context) {
    const place = await placeFor(context, 'closed')
    const broker = await context.other()
    await broker.close()
    await assert.rejects(
      () => receiveFrom(broker, place),
      (error) => isRedriveError(error, 'BROKER_CLOSED'),
    )
    const [result] = await broker.send(place, [{ message: messageOf('x') }])
    assert.equal(result?.kind, 'not-sent')
  },

  async 'closing twice is harmless'(context) {
    const place = await placeFor(context, 'closed-twice')
    const broker = await context.other()
    const subscription = await receiveFrom(broker, place)
    await subscription.close()
    await subscription.close()
    await broker.close()
    await broker.close()
  },
}
