import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startKafka } from '../../../../tools/servers/kafka.ts'
import { withConfluent, withKafkaJs, withPlatformatic } from './clients.ts'
import { endWithTests } from './end-with-tests.ts'
import { bodyOf, messageOf, receive, sendAll, take, until } from './journeys.ts'

endWithTests()

for (const [name, client] of [
  ['platformatic', () => Promise.resolve(withPlatformatic)],
  ['kafkajs', () => Promise.resolve(withKafkaJs)],
  ['confluent', withConfluent],
] as const) {
  test(`${name} · a broker is killed and comes back: nothing acknowledged is lost, and receiving goes on`, async () => {
    const make = await client()
    const kafka = await startKafka()
    const broker = make(kafka.brokers)
    try {
      await broker.prepare([{ place: 'orders', role: 'source' }])
      const before = Array.from({ length: 100 }, (_, n) => `before ${String(n)}`)
      await sendAll(broker, 'orders', before.map(messageOf))
      const subscription = await receive(broker, 'orders')
      const first = await take(subscription, 40)
      await subscription.settle(first, { kind: 'ack' })
      await kafka.kill()
      const [lost] = await broker.send('orders', [{ message: messageOf('while it was down') }])
      assert.notEqual(lost?.kind, 'sent')
      await kafka.restart()
      await until(
        'sending works again',
        async () => (await broker.send('orders', [{ message: messageOf('after') }]))[0]?.kind === 'sent',
      )
      const seen = new Set(first.map(bodyOf))
      await until('everything that was sent has arrived', async () => {
        const next = await subscription.next({ maxMessages: 100, waitMs: 250 })
        await subscription.settle(next, { kind: 'ack' })
        for (const delivery of next) seen.add(bodyOf(delivery))
        return seen.has('after') && before.every((body) => seen.has(body))
      })
      await subscription.close()
      await until('and is settled', async () => {
        const { messages } = await broker.depth('orders', 'reefer')
        return messages === 0
      })
    } finally {
      await broker.close()
      await kafka.stop()
    }
  })
}
