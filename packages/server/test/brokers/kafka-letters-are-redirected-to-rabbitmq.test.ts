import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import * as platformatic from '@platformatic/kafka'
import { createWorker, encodeWire } from '@redrive/worker'
import { kafkaBroker } from '@redrive/worker/kafka'
import { rabbitmqBroker } from '@redrive/worker/rabbitmq'
import amqp from 'amqplib'
import { kafkaUnderTest } from '../../../../tools/testing/kafka-under-test.ts'
import { rabbitmqUnderTest } from '../../../../tools/testing/rabbitmq-under-test.ts'
import { startCapture } from '../../src/capture/index.ts'
import { applyReceipts } from '../../src/replay/index.ts'
import { type OfficeBed, officeBed, until, wireOf } from '../office-bed.ts'

/** An office that captures from a topic of the real Kafka, with a connection to the real RabbitMQ. */
async function twoBrokers(t: TestContext) {
  const bed = await officeBed(t)
  const url = rabbitmqUnderTest()
  const suffix = randomUUID().slice(0, 8)
  const places = { dead: `orders-${suffix}-dead-letter`, topic: `orders-${suffix}`, queue: `orders-v2-${suffix}` }
  const receipts = `receipts-${suffix}`
  const kafka = kafkaBroker({
    client: platformatic,
    connection: { clientId: 'office', bootstrapBrokers: [kafkaUnderTest()] },
  })
  const open = () => rabbitmqBroker({ connect: () => amqp.connect(url) })
  const rabbit = open()
  bed.ending(() => Promise.all([kafka.close(), rabbit.close()]))
  await kafka.prepare([{ place: places.dead, role: 'dead-letter' }])
  await rabbit.prepare([
    { place: places.queue, role: 'source' },
    { place: receipts, role: 'receipts' },
  ])
  const connection = await amqp.connect(url)
  const channel = await connection.createConfirmChannel()
  bed.ending(async () => {
    for (const name of [places.queue, receipts]) await channel.deleteQueue(name)
    await connection.close()
  })
  bed.brokers.set('kafka', kafka).set('rabbit', rabbit)
  const capturing = (brokerName: 'kafka' | 'rabbit', place: string, role: 'dead-letter' | 'receipts') =>
    startCapture({
      store: bed.store,
      broker: brokerName === 'kafka' ? kafka : rabbit,
      brokerName,
      source: { place, role },
      consumer: `office-${suffix}`,
      onReceipts: applyReceipts,
      onReturned: async () => undefined,
    })
  const captures = [capturing('kafka', places.dead, 'dead-letter'), capturing('rabbit', receipts, 'receipts')]
  bed.ending(() => Promise.all(captures.map((capture) => capture.stop())))
  return { bed, kafka, rabbit, open, channel, places, receipts }
}

const bytes = (text: string): Buffer => Buffer.from(text)
const binary = Buffer.from([0, 0xff, 0xfe, 0x7b])

async function dead(
  { bed, kafka, places }: Awaited<ReturnType<typeof twoBrokers>>,
  letters: readonly {
    readonly key: Buffer | null
    readonly body: Buffer | null
    readonly headers: readonly [string, Buffer | null][]
  }[],
): Promise<void> {
  const messages = letters.map(({ key, body, headers }, n) => ({
    message: {
      key,
      body,
      headers: [
        ...headers.map(([name, value]) => ({ name, value })),
        ...encodeWire(wireOf({ queue: places.topic }, `mark-${n}`), null, { headerBytes: 4_096, stackBytes: 0 }),
      ],
    },
  }))
  for (const { kind } of await kafka.send(places.dead, messages)) assert.equal(kind, 'sent')
  await until('captured', async () => ((await count(bed)) === letters.length ? true : undefined))
}

const count = async (bed: OfficeBed): Promise<number> => (await bed.states())['open'] ?? 0

test('letters of Kafka go to a queue of RabbitMQ, and the plan names what AMQP cannot carry', async (t) => {
  const office = await twoBrokers(t)
  const { bed, places, channel } = office
  await dead(office, [
    {
      key: bytes('k-1'),
      body: binary,
      headers: [
        ['tenant', bytes('zürich')],
        ['raw', binary],
      ],
    },
    { key: null, body: null, headers: [['nothing', null]] },
    {
      key: bytes('k-2'),
      body: bytes('twice'),
      headers: [
        ['a', bytes('1')],
        ['a', bytes('2')],
      ],
    },
  ])
  await bed.store.pool.query('update letter_content set timestamp_ms = 1700000000123')
  const plan = await bed.plan(
    { query: `queue:${places.topic}` },
    { destination: { broker: 'rabbit', place: places.queue } },
  )
  assert.deepEqual([plan.letters, plan.skipped], [2, { 'header-twice': 1 }])
  assert.deepEqual(plan.changes.map(({ what, letters }) => `${letters} ${what}`).toSorted(), [
    '1 header-order',
    '1 key-aside',
    '1 null-body-aside',
    '2 milliseconds',
    '2 partition',
  ])
  assert.equal(plan.target?.system, 'rabbitmq')
  bed.replayer()
  const { id } = await bed.run(plan)
  await until('done', async () => ((await bed.runOf(id)).state === 'done' ? true : undefined))
  const found = [await channel.get(places.queue), await channel.get(places.queue), await channel.get(places.queue)]
  const [first, second, third] = found
  assert.ok(first && second && third === false)
  const rich = first.content.length > 0 ? first : second
  const empty = rich === first ? second : first
  assert.ok(rich.content.equals(binary))
  assert.equal(rich.properties.headers?.['tenant'], 'zürich')
  assert.deepEqual(rich.properties.headers?.['raw'], binary)
  assert.equal(rich.properties.timestamp, 1_700_000_000)
  assert.deepEqual(JSON.parse(String(rich.properties.headers?.['redrive-amqp'])), {
    key: bytes('k-1').toString('base64'),
  })
  assert.equal(empty.properties.headers?.['nothing'], null)
  assert.deepEqual(JSON.parse(String(empty.properties.headers?.['redrive-amqp'])), { body: null })
  assert.deepEqual(await bed.states(), { open: 1, replayed: 2 })
  await bed.balanced()
})

test('a worker on RabbitMQ takes a letter of Kafka for its own and reports on it', async (t) => {
  const office = await twoBrokers(t)
  const { bed, places, open, receipts } = office
  await dead(office, [{ key: bytes('k-1'), body: binary, headers: [] }])
  const broker = open()
  const handled: { readonly key: string; readonly body: Uint8Array | null; readonly place: string }[] = []
  const worker = createWorker({
    broker,
    queue: places.queue,
    consumer: 'shipping',
    receipts,
    handle: async ({ key, body }, { origin }) =>
      void handled.push({ key: Buffer.from(key ?? []).toString(), body, place: origin.place }),
  })
  await worker.start()
  bed.ending(async () => {
    await worker.stop()
    await broker.close()
  })
  bed.replayer()
  const plan = await bed.plan(
    { query: `queue:${places.topic}` },
    { destination: { broker: 'rabbit', place: places.queue } },
  )
  const { id } = await bed.run(plan)
  const run = await until('confirmed', async () => {
    const view = await bed.runOf(id)
    return view.outcomes.confirmed === 1 ? view : undefined
  })
  assert.equal(run.state, 'done')
  assert.deepEqual(
    handled.map((each) => ({ ...each, body: Buffer.from(each.body ?? []) })),
    [{ key: 'k-1', body: binary, place: places.queue }],
  )
})

test('names that are no topic and no queue are refused like others that are not there', async (t) => {
  const { bed, places } = await twoBrokers(t)
  for (const broker of ['kafka', 'rabbit'])
    for (const place of ['nothing-here', 'no topic', '../\u001b[2J', '.', 'ü'.repeat(50)]) {
      const planning = bed.plan({ query: 'queue:orders' }, { destination: { broker, place } })
      await assert.rejects(planning, { code: 'REQUEST_INVALID', message: /^There is no place / }, `${broker}:${place}`)
    }
  const planning = bed.plan({ query: 'queue:orders' }, { destination: { broker: 'kafka', place: places.dead } })
  await assert.rejects(planning, { code: 'REQUEST_INVALID', message: /captures dead letters/ })
})
