import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { BrokerTrouble } from '../../src/broker.ts'
import { bodyOf, messageOf, receive, take, until } from '../steps.ts'
import { prefixFor, rabbitmqUrl, removeQueues, wire } from './server.ts'
import { bareChannel } from './steps.ts'

const prefix = prefixFor('back')
const places = ['crash', 'prefetch', 'held', 'later', 'limit'].map((name) => `${prefix}-${name}`)
const [crash = '', prefetch = '', held = '', later = '', limit = ''] = places
after(() => removeQueues(rabbitmqUrl(), places))

test('what a dead worker held is redelivered and counted, what was fresh is not', async () => {
  const doomed = wire(rabbitmqUrl())
  await doomed.broker.prepare([{ place: crash, role: 'source' }])
  await doomed.broker.send(
    crash,
    ['a', 'b'].map((body) => ({ message: messageOf(body) })),
  )
  const lost: (readonly string[])[] = []
  const subscription = await receive(doomed.broker, crash, { onLost: (partitions) => lost.push(partitions) })
  const first = await take(subscription, 2)
  assert.deepEqual(
    first.map(({ redelivered, deliveryCount }) => [redelivered, deliveryCount]),
    [
      [false, 1],
      [false, 1],
    ],
  )
  doomed.crash()
  await until('the loss is told', () => lost.length > 0)
  assert.deepEqual(lost, [['0']])
  await subscription.settle(first, { kind: 'ack' })
  const survivor = wire(rabbitmqUrl())
  const again = await take(await receive(survivor.broker, crash), 2)
  assert.deepEqual(
    again.map((delivery) => [bodyOf(delivery), delivery.redelivered, delivery.deliveryCount]),
    [
      ['a', true, 2],
      ['b', true, 2],
    ],
  )
  assert.deepEqual(
    again.map(({ message }) => message),
    first.map(({ message }) => message),
    'the count is no header',
  )
  await survivor.broker.close()
  await doomed.broker.close()
})

test('no more is taken from the broker than may be in flight', async () => {
  const { broker } = wire(rabbitmqUrl())
  await broker.prepare([{ place: prefetch, role: 'source' }])
  await broker.send(
    prefetch,
    Array.from({ length: 50 }, (_, n) => ({ message: messageOf(`${n}`) })),
  )
  const subscription = await receive(broker, prefetch, { maxInFlight: { messages: 7, bytes: 1 << 20 } })
  const taken = await take(subscription, 7)
  assert.deepEqual(await subscription.next({ maxMessages: 50, waitMs: 100 }), [])
  await until('43 wait at the broker', async () => (await broker.depth(prefetch)).messages === 43)
  await subscription.settle(taken.slice(2, 5), { kind: 'ack' })
  await take(subscription, 3)
  await until('40 wait at the broker', async () => (await broker.depth(prefetch)).messages === 40)
  await subscription.close()
  await until('all but 3 wait again', async () => (await broker.depth(prefetch)).messages === 47)
  await broker.close()
})

test('what is held too long is given back before the broker cuts the channel', async () => {
  const url = rabbitmqUrl()
  const channel = await bareChannel(url)
  await channel.assertQueue(held)
  await channel.end()
  const { broker } = wire(url, { maxHoldMs: 400 })
  await broker.prepare([{ place: held, role: 'lane' }])
  await broker.send(
    held,
    ['slow', 'other'].map((body) => ({ message: messageOf(body) })),
  )
  const lost: (readonly string[])[] = []
  const troubles: BrokerTrouble[] = []
  const subscription = await receive(broker, held, {
    onLost: (partitions) => lost.push(partitions),
    onTrouble: (trouble) => troubles.push(trouble),
  })
  const first = await take(subscription, 2)
  await until('given back', () => lost.length === 1)
  assert.deepEqual(
    troubles.map(({ kind }) => kind),
    ['rebalanced'],
  )
  await subscription.settle(first, { kind: 'ack' })
  const again = await take(subscription, 2)
  assert.deepEqual(
    again.map(({ redelivered }) => redelivered),
    [true, true],
    'the late ack changed nothing',
  )
  await subscription.settle(again, { kind: 'ack' })
  await broker.close()
  const check = await bareChannel(url)
  assert.equal((await check.checkQueue(held)).messageCount, 0)
  await check.end()
})

test('what is released for later comes back although the subscription is closed first', async () => {
  const { broker } = wire(rabbitmqUrl())
  await broker.prepare([{ place: later, role: 'lane' }])
  await broker.send(later, [{ message: messageOf('x') }])
  const subscription = await receive(broker, later)
  const taken = await take(subscription, 1)
  await subscription.settle(taken, { kind: 'release', delayMs: 60_000 })
  await subscription.settle(taken, { kind: 'ack' })
  assert.equal((await broker.depth(later)).messages, 0)
  await subscription.close()
  await until('back in the queue', async () => (await broker.depth(later)).messages === 1)
  await broker.close()
})

test('a lane drops nothing however often it is delivered', async () => {
  const { broker } = wire(rabbitmqUrl())
  await broker.prepare([{ place: limit, role: 'lane' }])
  await broker.send(limit, [{ message: messageOf('x') }])
  const subscription = await receive(broker, limit)
  for (let n = 1; n <= 40; n++) {
    const [delivery] = await take(subscription, 1)
    assert.equal(delivery?.deliveryCount, n)
    await subscription.settle(delivery === undefined ? [] : [delivery], { kind: 'release', delayMs: 0 })
  }
  await broker.close()
})
