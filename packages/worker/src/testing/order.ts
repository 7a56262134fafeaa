import assert from 'node:assert/strict'
import type { Cases } from './case.ts'
import { bodyOf, messageOf, placeFor, receiveFrom, sendAll, take, text } from './steps.ts'

export type OrderCase =
  | 'what is ordered stays ordered'
  | 'a key keeps its partition'
  | 'a partition can be chosen or is refused'

export const orderCases: Cases<OrderCase> = {
  async 'what is ordered stays ordered'(context) {
    const { ordering, keys } = context.broker.capabilities
    if (ordering === 'none') return
    const place = await placeFor(context, 'order')
    const key = ordering === 'partition' && keys ? text('one') : null
    const sent = Array.from({ length: 100 }, (_, n) => `m${n}`)
    for (let at = 0; at < sent.length; at += 10) {
      await sendAll(
        context.broker,
        place,
        sent.slice(at, at + 10).map((body) => messageOf(body, { key })),
      )
    }
    const subscription = await receiveFrom(context.broker, place)
    const taken = await take(context, subscription, sent.length)
    assert.deepEqual(taken.map(bodyOf), sent)
    await subscription.settle(taken, { kind: 'ack' })
    await subscription.close()
  },

  async 'a key keeps its partition'(context) {
    const { ordering, keys } = context.broker.capabilities
    if (ordering !== 'partition' || !keys) return
    const place = await placeFor(context, 'partitions')
    const sent = Array.from({ length: 60 }, (_, n) => messageOf(`m${n}`, { key: text(`key ${n % 6}`) }))
    await sendAll(context.broker, place, sent)
    const subscription = await receiveFrom(context.broker, place)
    const taken = await take(context, subscription, sent.length)
    const partitions = new Map<string, Set<string>>()
    for (const { message, partition } of taken) {
      const key = Buffer.from(message.key ?? []).toString()
      partitions.set(key, (partitions.get(key) ?? new Set()).add(partition))
    }
    for (const [key, used] of partitions) assert.equal(used.size, 1, `${key} is in ${[...used].join(', ')}`)
    await subscription.settle(taken, { kind: 'ack' })
    await subscription.close()
  },

  async 'a partition can be chosen or is refused'(context) {
    const place = await placeFor(context, 'chosen')
    const { partitions } = await context.broker.describe(place)
    const [wrong] = await context.broker.send(place, [{ message: messageOf('x'), partition: String(partitions + 7) }])
    assert.equal(wrong?.kind, 'not-sent', 'a partition that does not exist is not-sent, never another one')
    const last = String(partitions - 1)
    const [right] = await context.broker.send(place, [{ message: messageOf('y'), partition: last }])
    if (right?.kind !== 'sent') return
    const subscription = await receiveFrom(context.broker, place)
    const [delivery] = await take(context, subscription, 1)
    assert.ok(delivery !== undefined && bodyOf(delivery) === 'y')
    assert.equal(delivery.partition, last)
    await subscription.settle([delivery], { kind: 'ack' })
    await subscription.close()
  },
}
