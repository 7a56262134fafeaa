import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Broker } from '../src/broker.ts'
import type { MemoryBroker } from '../src/brokers/memory/index.ts'
import { PermanentError } from '../src/control.ts'
import type { Message } from '../src/message.ts'
import { bed, messageOf, stop } from './bed.ts'

/** A broker that has no name of its own for a message, as RabbitMQ. */
function nameless(broker: MemoryBroker): Broker {
  return {
    ...broker,
    async receive(place, options) {
      const subscription = await broker.receive(place, options)
      return {
        ...subscription,
        next: async (room) => {
          const deliveries = await subscription.next(room)
          for (const delivery of deliveries) Object.assign(delivery, { nativeId: null })
          return deliveries
        },
      }
    },
  }
}

async function identities(...messages: readonly (string | Message)[]): Promise<readonly (string | undefined)[]> {
  const on = bed()
  const worker = await on.worker({
    broker: nameless(on.broker()),
    handle: () => {
      throw new PermanentError('no')
    },
  })
  await on.send(...messages)
  await on.until('all died', () => on.depth('orders-dead-letter') === messages.length)
  const ids = on.letters('orders-dead-letter').map(({ wire }) => wire?.id)
  await stop(on, worker)
  return ids
}

const named = (body: string, messageId: string): Message => ({
  ...messageOf(body),
  properties: { messageId },
})

test('where the broker has no name for a message, what its producer called it and its bytes give the identity', async () => {
  const [first, again, otherBody, otherName] = await identities(
    named('a', 'm-1'),
    named('a', 'm-1'),
    named('b', 'm-1'),
    named('a', 'm-2'),
  )
  assert.equal(first, again)
  assert.equal(new Set([first, otherBody, otherName]).size, 3)
})

test('without either name two equal messages stay two', async () => {
  const [first, second] = await identities('a', 'a')
  assert.notEqual(first, second)
})
