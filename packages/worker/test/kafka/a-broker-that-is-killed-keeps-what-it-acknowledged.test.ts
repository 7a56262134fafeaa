import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startKafka } from '../../../../tools/servers/kafka.ts'
import type { Broker } from '../../src/broker.ts'
import { isRedriveError } from '../../src/errors.ts'
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
      const goOn = async (): Promise<void> => {
        const next = await subscription.next({ maxMessages: 100, waitMs: 250 })
        await subscription.settle(next, { kind: 'ack' })
        for (const delivery of next) seen.add(bodyOf(delivery))
      }
      await until('everything that was sent has arrived', async () => {
        await goOn()
        return seen.has('after') && before.every((body) => seen.has(body))
      })
      // What was settled, and not written yet, comes again once the membership of before has turned out to be over.
      await until('and is settled', async () => {
        await goOn()
        return (await depthOf(broker)) === 0
      })
      await subscription.close()
      assert.equal(await depthOf(broker), 0)
    } finally {
      await broker.close()
      await kafka.stop()
    }
  })
}

/** `undefined` while the broker cannot tell. */
async function depthOf(broker: Broker): Promise<number | undefined> {
  try {
    return (await broker.depth('orders', 'reefer')).messages
  } catch (error) {
    if (isRedriveError(error) && error.code === 'BROKER_UNREACHABLE') return undefined
    throw error
  }
}
