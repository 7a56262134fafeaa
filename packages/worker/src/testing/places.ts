import assert from 'node:assert/strict'
import type { Cases } from './case.ts'
import { bodyOf, messageOf, placeFor, receiveFrom, sendAll, take, until } from './steps.ts'

export type PlacesCase =
  | 'a missing place is never silent'
  | 'depth counts what waits'
  | 'describe tells what exists'
  | 'prepare leaves what exists'

export const placesCases: Cases<PlacesCase> = {
  async 'a missing place is never silent'(context) {
    const place = `${context.prefix}-never-made`
    const results = await context.broker.send(place, [{ message: messageOf('x') }]).catch((error: unknown) => error)
    if (!Array.isArray(results)) return
    const [result] = results as readonly { kind: string }[]
    if (result?.kind !== 'sent') return
    const subscription = await receiveFrom(context.broker, place)
    const [delivery] = await take(context, subscription, 1)
    assert.ok(delivery !== undefined && bodyOf(delivery) === 'x', 'a place that was made on the way holds the message')
    await subscription.settle([delivery], { kind: 'ack' })
    await subscription.close()
  },

  async 'depth counts what waits'(context) {
    const place = await placeFor(context, 'depth')
    const depth = async (): Promise<number> => (await context.broker.depth(place, 'conformance')).messages
    assert.equal(await depth(), 0)
    await sendAll(
      context.broker,
      place,
      Array.from({ length: 7 }, (_, n) => messageOf(`m${n}`)),
    )
    await until(context, 'depth is 7', async () => (await depth()) === 7)
    const subscription = await receiveFrom(context.broker, place)
    await subscription.settle(await take(context, subscription, 7), { kind: 'ack' })
    await subscription.close()
    await until(context, 'depth is 0', async () => (await depth()) === 0)
  },

  async 'describe tells what exists'(context) {
    const place = await placeFor(context, 'described')
    const described = await context.broker.describe(place)
    assert.equal(described.exists, true)
    assert.ok(described.partitions >= 1)
    const missing = await context.broker.describe(`${context.prefix}-no-such`)
    assert.equal(missing.exists, false)
  },

  async 'prepare leaves what exists'(context) {
    const place = await placeFor(context, 'prepared')
    await sendAll(context.broker, place, [messageOf('kept')])
    const other = await context.other()
    const dead = `${context.prefix}-dead`
    await other.prepare([
      { place, role: 'source' },
      { place: dead, role: 'dead-letter', like: place },
      { place: `${context.prefix}-lane`, role: 'lane', like: place },
      { place: `${context.prefix}-receipts`, role: 'receipts' },
    ])
    assert.equal((await other.describe(dead)).partitions, (await other.describe(place)).partitions)
    const subscription = await receiveFrom(other, place)
    const taken = await take(context, subscription, 1)
    assert.deepEqual(taken.map(bodyOf), ['kept'])
    await subscription.settle(taken, { kind: 'ack' })
    await subscription.close()
  },
}
