import assert from 'node:assert/strict'
import type { SendResult } from '../broker.ts'
import type { Cases } from './case.ts'
import { bodyOf, hook, messageOf, placeFor, receiveFrom, sendAll, take, takeUntil, until } from './steps.ts'

export type OutageCase =
  | 'a send during an outage is never sent'
  | 'nothing acknowledged is lost in an outage'
  | 'receiving goes on after an outage'

export const outageCases: Cases<OutageCase> = {
  async 'a send during an outage is never sent'(context) {
    const outage = hook(context.outage, 'outage')
    const place = await placeFor(context, 'out-send')
    await sendAll(context.broker, place, [messageOf('before')])
    await outage.start()
    let during: readonly SendResult[]
    try {
      during = await context.broker.send(place, [{ message: messageOf('during') }])
    } finally {
      await outage.stop()
    }
    assert.equal(during.length, 1)
    assert.ok(during[0]?.kind === 'not-sent' || during[0]?.kind === 'uncertain', JSON.stringify(during[0]))
    if (during[0].kind === 'not-sent') assert.equal(during[0].retryable, true, 'it can be sent when the broker is back')
    await until(
      context,
      'sends again',
      async () => (await context.broker.send(place, [{ message: messageOf('after') }]))[0]?.kind === 'sent',
    )
    const subscription = await receiveFrom(context.broker, place)
    const seen = await takeUntil(context, subscription, (taken) =>
      taken.some((delivery) => bodyOf(delivery) === 'after'),
    )
    if (during[0].kind === 'not-sent') {
      assert.ok(!seen.some((delivery) => bodyOf(delivery) === 'during'), 'what was said not to be sent has not arrived')
    }
    await subscription.close()
  },

  async 'nothing acknowledged is lost in an outage'(context) {
    const outage = hook(context.outage, 'outage')
    const place = await placeFor(context, 'out-kept')
    const sent = Array.from({ length: 50 }, (_, n) => `m${n}`)
    await sendAll(
      context.broker,
      place,
      sent.map((body) => messageOf(body)),
    )
    await outage.start()
    await outage.stop()
    const subscription = await receiveFrom(context.broker, place)
    await takeUntil(context, subscription, (seen) =>
      sent.every((body) => seen.some((delivery) => bodyOf(delivery) === body)),
    )
    await subscription.close()
  },

  async 'receiving goes on after an outage'(context) {
    const outage = hook(context.outage, 'outage')
    const place = await placeFor(context, 'out-receive')
    const subscription = await receiveFrom(context.broker, place)
    await sendAll(context.broker, place, [messageOf('before')])
    await subscription.settle(await take(context, subscription, 1), { kind: 'ack' })
    await outage.start()
    assert.deepEqual(await subscription.next({ maxMessages: 10, waitMs: 500 }), [])
    await outage.stop()
    await until(
      context,
      'sends again',
      async () => (await context.broker.send(place, [{ message: messageOf('after') }]))[0]?.kind === 'sent',
    )
    await takeUntil(context, subscription, (seen) => seen.some((delivery) => bodyOf(delivery) === 'after'))
    await subscription.close()
  },
}
