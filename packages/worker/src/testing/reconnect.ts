import assert from 'node:assert/strict'
import type { BrokerTrouble } from '../broker.ts'
import type { Cases } from './case.ts'
import { bodyOf, hook, messageOf, placeFor, receiveFrom, sendAll, take, takeUntil, until } from './steps.ts'

export type ReconnectCase = 'a cut connection is got over' | 'settling after a cut is harmless' | 'a cut is reported'

export const reconnectCases: Cases<ReconnectCase> = {
  async 'a cut connection is got over'(context) {
    const disconnect = hook(context.disconnect, 'disconnect')
    const place = await placeFor(context, 'cut')
    const sender = await context.other()
    const subscription = await receiveFrom(context.broker, place)
    await sendAll(sender, place, [messageOf('before')])
    await subscription.settle(await take(context, subscription, 1), { kind: 'ack' })
    await disconnect(context.broker)
    await sendAll(sender, place, [messageOf('after')])
    await takeUntil(context, subscription, (seen) => seen.some((delivery) => bodyOf(delivery) === 'after'))
    await until(
      context,
      'sends again',
      async () => (await context.broker.send(place, [{ message: messageOf('mine') }]))[0]?.kind === 'sent',
    )
    await takeUntil(context, subscription, (seen) => seen.some((delivery) => bodyOf(delivery) === 'mine'))
    await subscription.close()
  },

  async 'settling after a cut is harmless'(context) {
    const disconnect = hook(context.disconnect, 'disconnect')
    const place = await placeFor(context, 'cut-settle')
    await sendAll(context.broker, place, [messageOf('a'), messageOf('b')])
    const subscription = await receiveFrom(context.broker, place)
    const taken = await take(context, subscription, 2)
    await disconnect(context.broker)
    await subscription.settle(taken, { kind: 'ack' })
    const sender = await context.other()
    await sendAll(sender, place, [messageOf('next')])
    await takeUntil(context, subscription, (seen) => seen.some((delivery) => bodyOf(delivery) === 'next'))
    await subscription.close()
  },

  async 'a cut is reported'(context) {
    const disconnect = hook(context.disconnect, 'disconnect')
    const place = await placeFor(context, 'cut-reported')
    const troubles: BrokerTrouble[] = []
    const subscription = await receiveFrom(context.broker, place, { onTrouble: (trouble) => troubles.push(trouble) })
    await subscription.next({ maxMessages: 1, waitMs: 50 })
    await disconnect(context.broker)
    const endMs = Date.now() + context.deadlineMs
    while (!troubles.some(({ kind }) => kind === 'disconnected' || kind === 'reconnected') && Date.now() < endMs) {
      await subscription.next({ maxMessages: 1, waitMs: 100 })
    }
    assert.ok(
      troubles.some(({ kind }) => kind === 'disconnected' || kind === 'reconnected'),
      JSON.stringify(troubles),
    )
    await subscription.close()
  },
}
