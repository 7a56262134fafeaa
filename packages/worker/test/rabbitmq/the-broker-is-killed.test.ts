import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startRabbitmq } from '../../../../tools/servers/rabbitmq.ts'
import type { SendResult } from '../../src/broker.ts'
import { bodyOf, messageOf, receive, take, until } from '../steps.ts'
import { wire } from './server.ts'
import { bareChannel, drain } from './steps.ts'

test('nothing the broker confirmed is missing after kill -9, and receiving goes on', async () => {
  const server = await startRabbitmq()
  try {
    const { broker } = wire(server.url)
    await broker.prepare([
      { place: 'load', role: 'lane' },
      { place: 'read', role: 'lane' },
    ])
    const preparedAtMs = Date.now()
    await broker.send('read', [{ message: messageOf('held') }])
    const lost: unknown[] = []
    const subscription = await receive(broker, 'read', { onLost: (partitions) => lost.push(partitions) })
    const [held] = await take(subscription, 1)
    const outcomes = new Map<string, SendResult['kind']>()
    let isOver = false
    const load = (async () => {
      for (let n = 0; !isOver; n += 20) {
        const bodies = Array.from({ length: 20 }, (_, k) => `m${n + k}`)
        const results = await broker.send(
          'load',
          bodies.map((body) => ({ message: messageOf(body) })),
        )
        bodies.forEach((body, k) => outcomes.set(body, results[k]?.kind ?? 'uncertain'))
        if (results[0]?.kind !== 'sent') await new Promise((resolve) => setTimeout(resolve, 50))
      }
    })()
    // RabbitMQ 4.0.5 forgets a quorum queue, and all in it, when it is killed within a second or so of creating it.
    await until('the queues are known on disk', () => Date.now() - preparedAtMs > 3_000 && outcomes.size >= 400)
    await server.kill()
    await until('some are refused', () => [...outcomes.values()].includes('not-sent'))
    const before = outcomes.size
    await server.restart()
    await until('it goes on', () => outcomes.size > before && [...outcomes.values()].at(-1) === 'sent', 60_000)
    isOver = true
    await load
    assert.ok(held !== undefined)
    assert.deepEqual(lost, [['0']])
    const [again] = await take(subscription, 1)
    assert.deepEqual([again === undefined ? '' : bodyOf(again), again?.redelivered], ['held', true])
    await broker.close()
    const there = new Set((await drain(server.url, 'load')).map(({ content }) => content.toString()))
    const missing = [...outcomes].filter(([body, kind]) => kind === 'sent' && !there.has(body))
    const unexpected = [...outcomes].filter(([body, kind]) => kind === 'not-sent' && there.has(body))
    assert.deepEqual([missing, unexpected], [[], []])
  } finally {
    await server.stop()
  }
})

test('a lane of ours outlives consumer_timeout, and a foreign queue is given back before it', async () => {
  const server = await startRabbitmq({ settings: { consumer_timeout: 2000, channel_tick_interval: 200 } })
  try {
    const channel = await bareChannel(server.url)
    for (const queue of ['foreign', 'bare'])
      await channel.assertQueue(queue, { arguments: { 'x-queue-type': 'quorum' } })
    channel.sendToQueue('bare', Buffer.from('x'))
    await channel.waitForConfirms()
    const cut = new Promise((resolve) => channel.on('error', resolve))
    await channel.consume('bare', () => undefined)

    const { broker } = wire(server.url, { maxHoldMs: 1_000 })
    await broker.prepare([
      { place: 'ours', role: 'lane' },
      { place: 'foreign', role: 'lane' },
    ])
    const troubles: string[] = []
    const take1 = async (place: string): Promise<readonly unknown[]> => {
      await broker.send(place, [{ message: messageOf('x') }])
      const subscription = await receive(broker, place, { onTrouble: ({ kind }) => troubles.push(`${place} ${kind}`) })
      return take(subscription, 1)
    }
    await take1('ours')
    await take1('foreign')
    assert.match(String(await cut), /timeout/i, 'the server really cuts those that hold too long')
    await until('given back more than once', () => troubles.filter((each) => each === 'foreign rebalanced').length >= 3)
    assert.deepEqual([...new Set(troubles)], ['foreign rebalanced'])
    assert.equal((await broker.depth('ours')).messages, 0, 'still held')
    await broker.close()
    await channel.end()
  } finally {
    await server.stop()
  }
})
