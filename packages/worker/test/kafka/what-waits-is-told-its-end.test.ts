import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { Admin } from '@platformatic/kafka'
import { Kafka, logLevel } from 'kafkajs'
import { kafkaUnderTest } from '../../../../tools/testing/kafka-under-test.ts'
import type { BrokerTrouble } from '../../src/broker.ts'
import { withPlatformatic } from './clients.ts'
import { endWithTests } from './end-with-tests.ts'
import { until } from './journeys.ts'

endWithTests()

const minuteMs = 60_000
const slackMs = 10_000

test('the end of what waits follows its time, the position of its reader and what the broker removed', async () => {
  const topic = `dead-${randomUUID()}`
  const address = kafkaUnderTest()
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [address] })
  const kafkaJs = new Kafka({ clientId: 'test', brokers: [address], logLevel: logLevel.NOTHING }).admin()
  const broker = withPlatformatic(address)
  try {
    await kafkaJs.connect()
    const configs = [{ name: 'retention.ms', value: String(60 * minuteMs) }]
    await admin.createTopics({ topics: [topic], partitions: 2, replicas: 1, configs })
    const nowMs = Date.now()
    const send = async (partition: string, minutesAgo: number): Promise<void> => {
      const message = { key: null, body: Buffer.from('x'), headers: [], timestampMs: nowMs - minutesAgo * minuteMs }
      await until('it is sent', async () => (await broker.send(topic, [{ message, partition }]))[0]?.kind === 'sent')
    }
    for (const minutesAgo of [50, 40, 5]) await send('0', minutesAgo)
    await send('1', 30)
    const ask = async (at0: bigint, at1: bigint) => {
      const positions = new Map([
        ['0', at0],
        ['1', at1],
      ])
      const expiry = await broker.expiry?.(topic, { consumer: 'office', positions })
      assert.ok(expiry !== undefined && expiry.oldestEndsAtMs !== 'unknown')
      return expiry
    }
    const endsIn = (ms: number | 'unknown' | null, minutes: number): void => {
      assert.ok(typeof ms === 'number')
      assert.ok(Math.abs(ms - nowMs - minutes * minuteMs) < slackMs, `${(ms - nowMs) / minuteMs} min`)
    }
    const all = await ask(0n, 0n)
    assert.deepEqual([all.waiting, all.gone, all.keeps.ageMs, all.keeps.bytes], [4, 0, 60 * minuteMs, null])
    endsIn(all.oldestEndsAtMs, 10)
    endsIn((await ask(1n, 0n)).oldestEndsAtMs, 20)
    endsIn((await ask(2n, 0n)).oldestEndsAtMs, 30)
    endsIn((await ask(2n, 1n)).oldestEndsAtMs, 55)
    assert.equal((await ask(3n, 1n)).oldestEndsAtMs, null)

    const troubles: BrokerTrouble[] = []
    // Knows where the topic is only once it was asked for it.
    await kafkaJs.fetchTopicOffsets(topic)
    await kafkaJs.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] })
    const { gone, waiting, oldestEndsAtMs } = await ask(0n, 1n)
    assert.deepEqual([gone, waiting], [2, 1])
    endsIn(oldestEndsAtMs, 55)
    const subscription = await broker.receive(topic, {
      consumer: 'office',
      maxInFlight: { messages: 10, bytes: 1_000_000 },
      positions: { load: async () => new Map([['0', 0n]]) },
      onTrouble: (trouble) => troubles.push(trouble),
    })
    await until('it is told', async () => {
      await subscription.next({ maxMessages: 10, waitMs: 100 })
      return troubles.some(({ kind }) => kind === 'skipped')
    })
    assert.deepEqual(
      troubles.flatMap(({ skipped }) => (skipped === undefined ? [] : [skipped])),
      [{ partition: '0', from: 0n, to: 2n }],
    )
    await subscription.close()
  } finally {
    await broker.close()
    await Promise.all([admin.close(), kafkaJs.disconnect()])
  }
})
