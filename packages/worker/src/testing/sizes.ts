import assert from 'node:assert/strict'
import { messageBytes } from '../message.ts'
import type { Cases } from './case.ts'
import { bodyOf, messageOf, nothingFrom, placeFor, receiveFrom, sendAll, take, text } from './steps.ts'

export type SizesCase =
  | 'the largest message arrives'
  | 'a message too large is not sent'
  | 'headers too large are not sent'
  | 'one refusal does not hurt its batch'

/** What carriers add around a message that `maxBytes` counts: framing, properties. */
const framing = 1_024
/** More than this is not sent in a test. */
const affordable = 32 * 1024 * 1024

export const sizesCases: Cases<SizesCase> = {
  async 'the largest message arrives'(context) {
    const place = await placeFor(context, 'largest')
    const size = Math.min(context.broker.capabilities.maxBytes, affordable) - framing
    const body = Uint8Array.from({ length: size }, (_, n) => n % 251)
    const subscription = await receiveFrom(context.broker, place, {
      maxInFlight: { messages: 10, bytes: 2 * affordable },
    })
    await sendAll(context.broker, place, [messageOf(body)])
    const [delivery] = await take(context, subscription, 1)
    assert.ok(Buffer.from(delivery?.message.body ?? []).equals(body), 'byte for byte')
    if (delivery !== undefined) await subscription.settle([delivery], { kind: 'ack' })
    await subscription.close()
  },

  async 'a message too large is not sent'(context) {
    const { maxBytes } = context.broker.capabilities
    if (maxBytes > affordable) return
    const place = await placeFor(context, 'too-large')
    const message = messageOf(new Uint8Array(maxBytes + 1))
    assert.ok(messageBytes(message) > maxBytes)
    const [result] = await context.broker.send(place, [{ message }])
    assert.equal(result?.kind, 'not-sent')
    assert.equal(result?.kind === 'not-sent' && result.retryable, false, 'trying again cannot help')
    await sendAll(context.broker, place, [messageOf('after')])
    const subscription = await receiveFrom(context.broker, place)
    const taken = await take(context, subscription, 1)
    assert.deepEqual(taken.map(bodyOf), ['after'], 'the connection survived')
    await subscription.settle(taken, { kind: 'ack' })
    await nothingFrom(context, subscription)
    await subscription.close()
  },

  async 'headers too large are not sent'(context) {
    const { maxHeaderBytes, maxBytes } = context.broker.capabilities
    if (maxHeaderBytes > affordable || maxHeaderBytes >= maxBytes) return
    const place = await placeFor(context, 'headers-too-large')
    const headers = [{ name: 'x', value: text('y'.repeat(maxHeaderBytes + 1)) }]
    const [result] = await context.broker.send(place, [{ message: messageOf('x', { headers }) }])
    assert.equal(result?.kind, 'not-sent')
    assert.equal(result?.kind === 'not-sent' && result.retryable, false)
  },

  async 'one refusal does not hurt its batch'(context) {
    const { maxBytes } = context.broker.capabilities
    if (maxBytes > affordable) return
    const place = await placeFor(context, 'batch')
    const messages = [messageOf('before'), messageOf(new Uint8Array(maxBytes + 1)), messageOf('after')]
    const results = await context.broker.send(
      place,
      messages.map((message) => ({ message })),
    )
    assert.deepEqual(
      results.map(({ kind }) => kind),
      ['sent', 'not-sent', 'sent'],
    )
    const subscription = await receiveFrom(context.broker, place)
    const taken = await take(context, subscription, 2)
    assert.deepEqual(taken.map(bodyOf).toSorted(), ['after', 'before'])
    await subscription.settle(taken, { kind: 'ack' })
    await subscription.close()
  },
}
