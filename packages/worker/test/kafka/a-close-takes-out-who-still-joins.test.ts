import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import * as platformatic from '@platformatic/kafka'
import { kafkaBroker } from '@redrive/worker/kafka'
import { kafkaUnderTest } from '../../../../tools/testing/kafka-under-test.ts'

test('a broker that is closed while a consumer joins takes it out of its group at once', {
  timeout: 30_000,
}, async () => {
  const connection = { clientId: 'office', bootstrapBrokers: [kafkaUnderTest()] }
  const broker = kafkaBroker({ client: platformatic, connection })
  const place = `orders-${randomUUID().slice(0, 8)}`
  await broker.prepare([{ place, role: 'source' }])
  const trouble = Promise.withResolvers<void>()
  const receiving = broker.receive(place, {
    consumer: 'office',
    maxInFlight: { messages: 10, bytes: 1_000_000 },
    positions: { load: () => Promise.reject(new Error('the database is away')) },
    onTrouble: () => trouble.resolve(),
  })
  await trouble.promise
  const refused = assert.rejects(receiving, { code: 'BROKER_CLOSED' })
  await broker.close()
  await refused
  const admin = new platformatic.Admin({ ...connection, retries: 0 })
  const groups = await admin.describeGroups({ groups: [`office.${place}`] })
  assert.deepEqual(
    [...groups.values()].map(({ members }) => members.size),
    [0],
  )
  await admin.close()
})
