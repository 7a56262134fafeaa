import { Consumer, Producer } from '@platformatic/kafka'
import { createTopic } from '../../bench/lib/kafka-records.ts'
import { startKafka } from '../../tools/servers/kafka.ts'
import type { Carrier, CarrierParts } from './carrier.ts'
import type { Found } from './compare.ts'

const partitions = 4
const maxBytes = String(16 * 1024 * 1024)
const sendBytes = 4 * 1024 * 1024
/** Nothing more has come for so long: then nothing more is there. */
const quietMs = 1_500

export async function kafkaCarrier({ places, say }: CarrierParts): Promise<Carrier> {
  const settings = { 'message.max.bytes': maxBytes, 'replica.fetch.max.bytes': maxBytes }
  const kafka = await startKafka({ settings, onProgress: say })
  for (const topic of places) await createTopic({ brokers: kafka.brokers, topic, partitions })
  const connection = { clientId: 'fidelity', bootstrapBrokers: [kafka.brokers] }
  const producer = new Producer({ ...connection, retries: 0 })
  return {
    carries: {
      headerLists: true,
      typedHeaders: false,
      properties: 'none',
      timestamps: true,
      plainJson: false,
      failureHeaders: () =>
        [
          ['kafka_dlt-original-topic', 'orders'],
          ['kafka_dlt-exception-fqcn', 'java.lang.IllegalStateException'],
          ['kafka_dlt-exception-message', 'no \u001b[2J'],
        ].map(([name = '', value = '']) => ({ name, value: Buffer.from(value), isStripped: true })),
    },
    queue: { type: 'kafka', brokers: [kafka.brokers] },
    async produce(topic, envelopes) {
      type Sent = Parameters<typeof producer.send>[0]['messages'][number]
      let messages: Sent[] = []
      let bytes = 0
      const flush = async (): Promise<void> => {
        if (messages.length > 0) await producer.send({ messages, acks: -1, idempotent: false, autocreateTopics: false })
        messages = []
        bytes = 0
      }
      for (const { id, key, body, headers, timestampMs } of envelopes) {
        messages.push({
          topic,
          partition: id % partitions,
          ...(key === null ? {} : { key }),
          ...(body === null ? {} : { value: body }),
          headers: new Map(headers.map(({ name, value }) => [Buffer.from(name), value as Buffer])),
          timestamp: BigInt(timestampMs ?? 0),
        })
        bytes += body?.length ?? 0
        if (bytes > sendBytes) await flush()
      }
      await flush()
    },
    async *read(topic, count) {
      const consumer = new Consumer({ ...connection, groupId: 'fidelity-reader', autocommit: false })
      const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false, maxWaitTime: 200 })
      try {
        let seen = 0
        const messages = stream[Symbol.asyncIterator]()
        let next = messages.next()
        for (;;) {
          // Beyond what is expected something may come that is too much.
          const got = await (seen < count ? Promise.race([next, after(60_000)]) : Promise.race([next, after(quietMs)]))
          if (got === null || got.done === true) return
          seen += 1
          const { key, value, headerEntries, timestamp } = got.value
          const found: Found = {
            key: key ?? null,
            body: value ?? null,
            headers: headerEntries.map(([name, each]) => ({ name: name.toString('utf8'), value: each ?? null })),
            properties: {},
            timestampMs: Number(timestamp),
          }
          yield [found]
          next = messages.next()
        }
      } finally {
        await consumer.close(true)
      }
    },
    async stop() {
      await producer.close()
      await kafka.stop()
    },
  }
}

function after(ms: number): Promise<null> {
  return new Promise((resolve) => setTimeout(resolve, ms, null).unref())
}
