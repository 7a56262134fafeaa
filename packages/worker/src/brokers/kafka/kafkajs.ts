import type { SendResult } from '../../broker.ts'
import type { ClientDriver, Marks, ProduceRecord } from './driver.ts'
import { mergedFromHeaders } from './headers.ts'
import type { KafkaJs, KafkaJsAdmin, KafkaJsProducer } from './kafkajs-client.ts'
import { kafkaJsConsumer } from './kafkajs-consumer.ts'
import { isUnknownKafkaJsTopic, outcomeOfKafkaJsError } from './kafkajs-outcome.ts'
import { partitionCache } from './partition-cache.ts'
import { outcomeOfCode } from './protocol-errors.ts'
import { startOfMetadata } from './start-metadata.ts'

const topicResource = 2
const visibleWithinMs = 10_000
const visibleStepMs = 50

const losses = [
  'kafkajs merges headers of the same name into one list: the order between different names is lost.',
  'kafkajs cannot write a header without a value: null is written as empty.',
  'kafkajs reads gzip only: a batch compressed by snappy, lz4 or zstd stops its consumer unless a codec is registered.',
  'kafkajs does not wait for handlers in a rebalance: what was in hand of a partition that moves may be handled twice.',
  'kafkajs repeats a commit that was cut, after a rebalance as well: the position of a successor may go back, and what lies behind it comes again, marked as redelivered, when the group starts anew.',
] as const

/**
 * Drives a `Kafka` of kafkajs.
 * @param consumerOptions added to those of each consumer (`sessionTimeout`, …)
 */
export function kafkaJsDriver(kafka: KafkaJs, consumerOptions: Readonly<Record<string, unknown>>): ClientDriver {
  // Without retries: a second attempt would hide whether the first was written.
  const producer = connected(() => kafka.producer({ allowAutoTopicCreation: false, retry: { retries: 0 } } as never))
  const admin = connected(() => kafka.admin({ retry: { retries: 2, initialRetryTime: 200 } } as never))
  const partitions = partitionCache(async (topic) => {
    try {
      const { topics } = await (await admin.open()).fetchTopicMetadata({ topics: [topic] })
      return topics.find(({ name }) => name === topic)?.partitions.length ?? null
    } catch (error) {
      if (isUnknownKafkaJsTopic(error)) return null
      throw error
    }
  })
  const edges = async (topic: string): ReturnType<KafkaJsAdmin['fetchTopicOffsets']> =>
    (await admin.open()).fetchTopicOffsets(topic)

  return {
    headers: { duplicates: true, nulls: false, order: false },
    losses,
    partitionsOf: (topic) => partitions.of(topic),
    async createTopics(topics) {
      const open = await admin.open()
      for (const { topic, partitions: numPartitions, configs } of topics) {
        const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
        await open.createTopics({
          // Its own wait gives up at the first answer that does not know the topic yet; `visible` waits longer.
          waitForLeaders: false,
          topics: [{ topic, numPartitions, replicationFactor: -1, configEntries }],
        })
        partitions.forget(topic)
        await visible(() => edges(topic))
      }
    },
    produce: (topic, records) => produce(producer.open, topic, records),
    async offsets(topic, at) {
      return new Map(
        (await edges(topic)).map(({ partition, high, low }) => [partition, BigInt(at === 'latest' ? high : low)]),
      )
    },
    async committed(group, topic) {
      const marks = await marksOf(await admin.open(), group, topic)
      return new Map(
        [...marks].flatMap(([partition, { committed }]) =>
          committed === null ? [] : [[partition, committed] as const],
        ),
      )
    },
    async configOf(topic) {
      const options = { resources: [{ type: topicResource, name: topic } as const], includeSynonyms: false }
      const { resources } = await (await admin.open()).describeConfigs(options)
      return new Map(
        (resources[0]?.configEntries ?? []).map(({ configName, configValue }) => [configName, configValue]),
      )
    },
    async groupsOf(topic) {
      const open = await admin.open()
      const { groups } = await open.listGroups()
      const reading = await Promise.all(
        groups.map(async ({ groupId }) => ((await marksOf(open, groupId, topic)).size > 0 ? [groupId] : [])),
      )
      return reading.flat()
    },
    consumer: ({ topic, group, events }) =>
      kafkaJsConsumer({
        kafka,
        consumerOptions,
        topic,
        group,
        events,
        marks: async () => marksOf(await admin.open(), group, topic),
      }),
    async close() {
      await Promise.allSettled([producer.close(), admin.close()])
    },
  }
}

async function marksOf(admin: KafkaJsAdmin, groupId: string, topic: string): Promise<ReadonlyMap<number, Marks>> {
  const found = await admin.fetchOffsets({ groupId, topics: [topic] })
  const marks = new Map<number, Marks>()
  for (const { partition, offset, metadata } of found.find((each) => each.topic === topic)?.partitions ?? []) {
    if (BigInt(offset) >= 0n) marks.set(partition, { committed: BigInt(offset), started: startOfMetadata(metadata) })
  }
  return marks
}

/** One request per partition, so that each has an answer of its own. */
async function produce(
  open: () => Promise<KafkaJsProducer>,
  topic: string,
  records: readonly ProduceRecord[],
): Promise<readonly SendResult[]> {
  let producer: KafkaJsProducer
  try {
    producer = await open()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return records.map(() => ({ kind: 'not-sent', reason, retryable: true }))
  }
  const results: SendResult[] = []
  const byPartition = Map.groupBy(records.entries(), ([, { partition }]) => partition)
  await Promise.all(
    [...byPartition].map(async ([partition, entries]) => {
      const messages = entries.map(([, { message }]) => ({
        partition,
        key: message.key === null ? null : Buffer.from(message.key),
        value: message.body === null ? null : Buffer.from(message.body),
        headers: mergedFromHeaders(message.headers),
        timestamp: String(Math.trunc(message.timestampMs ?? Date.now())),
      }))
      const answer = await producer.send({ topic, acks: -1, messages }).then(
        ([first]) => first,
        (error: unknown) => outcomeOfKafkaJsError(error),
      )
      for (const [n, [at]] of entries.entries()) results[at] = resultOf(answer, { topic, partition, n })
    }),
  )
  return results
}

function resultOf(
  answer: SendResult | { readonly errorCode: number; readonly baseOffset?: string | undefined } | undefined,
  { topic, partition, n }: { topic: string; partition: number; n: number },
): SendResult {
  if (answer !== undefined && 'kind' in answer) return answer
  if (answer?.baseOffset === undefined)
    return { kind: 'uncertain', reason: 'the broker did not say where the message is' }
  if (answer.errorCode !== 0) return outcomeOfCode(answer.errorCode, `error code ${String(answer.errorCode)}`)
  const position = BigInt(answer.baseOffset) + BigInt(n)
  return {
    kind: 'sent',
    partition: String(partition),
    position,
    nativeId: `${topic}/${String(partition)}/${String(position)}`,
  }
}

interface Connected<T> {
  readonly open: () => Promise<T>
  close(): Promise<void>
}

/** Connects at first use, and again when that failed. */
function connected<T extends { connect(): Promise<void>; disconnect(): Promise<void> }>(make: () => T): Connected<T> {
  let opening: Promise<T> | undefined
  return {
    open() {
      opening ??= (async () => {
        const client = make()
        await client.connect()
        return client
      })().catch((error: unknown) => {
        opening = undefined
        throw error
      })
      return opening
    },
    async close() {
      await (await opening?.catch(() => undefined))?.disconnect()
    },
  }
}

/** A new topic can be written to a moment later than it is created. */
async function visible(ask: () => Promise<readonly unknown[]>): Promise<void> {
  const end = performance.now() + visibleWithinMs
  for (;;) {
    try {
      if ((await ask()).length > 0) return
    } catch (error) {
      if (performance.now() >= end) throw error
    }
    if (performance.now() >= end) return
    await new Promise((resolve) => setTimeout(resolve, visibleStepMs))
  }
}
