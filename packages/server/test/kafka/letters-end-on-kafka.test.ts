import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import * as platformatic from '@platformatic/kafka'
import { kafkaBroker } from '@redrive/worker/kafka'
import { Kafka, logLevel } from 'kafkajs'
import { kafkaUnderTest } from '../../../../tools/testing/kafka-under-test.ts'
import { startCapture } from '../../src/capture/index.ts'
import { examine, type Finding } from '../../src/doctor/index.ts'
import { type SourceExpiry, watchExpiry } from '../../src/expiry/index.ts'
import { openedStore, until } from '../../src/testing/opened-store.ts'

const minuteMs = 60_000

test('an office says when letters end on Kafka, and how many went before it came', async (t) => {
  const store = await openedStore(t)
  const place = `dead-${randomUUID()}`
  const address = kafkaUnderTest()
  const broker = kafkaBroker({ client: platformatic, connection: { clientId: 'office', bootstrapBrokers: [address] } })
  t.after(() => broker.close())
  const admin = new Kafka({ clientId: 'test', brokers: [address], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  t.after(() => admin.disconnect())
  const configEntries = [{ name: 'retention.ms', value: String(60 * minuteMs) }]
  await admin.createTopics({ topics: [{ topic: place, numPartitions: 1, configEntries }] })
  const send = async (...minutesAgo: readonly number[]) => {
    for (const ago of minutesAgo) {
      const message = { key: null, body: Buffer.from('x'), headers: [], timestampMs: Date.now() - ago * minuteMs }
      await until(async () => (await broker.send(place, [{ message }]))[0]?.kind === 'sent')
    }
  }
  const findings = async (state: string): Promise<readonly Finding[]> => {
    const watch = watchExpiry(store, { sources: [{ broker, brokerName: 'main', place, consumer: 'office' }] })
    await until(() => watch.latest().length === 1)
    const expiry: readonly SourceExpiry[] = watch.latest()
    await watch.stop()
    const captures = [{ broker: 'main', place, role: 'dead-letter' as const, state, reason: 'disk: full' }]
    const office = { unaccounted: 0, captures, expiry, disk: null, olderThanDays: 7, nowMs: Date.now() }
    return (await examine(store, office)).findings.filter((finding) => finding.place !== undefined)
  }
  const capture = () =>
    startCapture({ store, broker, brokerName: 'main', source: { place, role: 'dead-letter' }, consumer: 'office' })

  await send(40)
  const first = capture()
  await until(() => first.health().letters === 1)
  await first.stop()
  await send(30, 20, 10)
  const [soon, short] = await findings('paused')
  assert.deepEqual([soon?.code, soon?.severity], ['source-expiring', 'problem'])
  assert.match(soon?.what ?? '', /^the oldest of 3 letters in dead-\S+ on main is deleted there in (29|30) min$/)
  assert.equal(soon?.why, 'capture is paused: disk: full')
  assert.deepEqual([short?.code, short?.severity], ['source-keeps-short', 'warning'])
  assert.match(short?.next ?? '', /^kafka-configs\.sh .*--add-config retention\.ms=1209600000$/)

  await admin.fetchTopicOffsets(place)
  await admin.deleteTopicRecords({ topic: place, partitions: [{ partition: 0, offset: '3' }] })
  const gone = /^up to 2 letters of dead-\S+ on main were deleted there before they were captured$/
  const [before] = await findings('paused')
  assert.match(before?.what ?? '', gone)
  assert.match(before?.why ?? '', /capture has not come there yet/)
  // As many afterwards: what is written down is not counted twice.
  const second = capture()
  await until(() => second.health().letters === 1)
  await second.stop()
  const [after] = await findings('running')
  assert.match(after?.what ?? '', gone)
  assert.match(after?.why ?? '', /noticed at/)
})
