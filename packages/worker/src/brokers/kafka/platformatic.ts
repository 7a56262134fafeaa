import type { SendResult } from '../../broker.ts'
import type { ClientDriver, ProduceRecord, TopicSpec } from './driver.ts'
import { startedGroupOf } from './groups.ts'
import { bufferOf, mapFromHeaders } from './headers.ts'
import type {
  PlatformaticAdmin,
  PlatformaticConnection,
  PlatformaticModule,
  PlatformaticProduced,
  PlatformaticProducer,
} from './platformatic-client.ts'
import { type GroupOffsets, platformaticConsumer } from './platformatic-consumer.ts'
import { platformaticLookBack } from './platformatic-look-back.ts'
import { errorsIn, isExistingTopic, isUnknownTopic, outcomesOfError } from './platformatic-outcome.ts'

const visibleWithinMs = 10_000
const visibleStepMs = 50
const topicResource = 2

/** Drives `@platformatic/kafka`: its protocol and group, our own fetch loop. */
export function platformaticDriver(module: PlatformaticModule, connection: PlatformaticConnection): ClientDriver {
  // No retries in the producer: a second attempt would hide whether the first was written.
  const producer = new module.Producer({ ...connection, retries: 0 } as never)
  const admin = new module.Admin({ retries: 2, retryDelay: 250, ...connection } as never)

  return {
    headers: { duplicates: true, nulls: true, order: true },
    losses: [],
    partitionsOf: (topic) => partitionsOf(producer, topic),
    async createTopics(topics) {
      for (const spec of topics) await createTopic(admin, spec)
      for (const { topic } of topics) await visible(producer, admin, topic)
    },
    produce: (topic, records) => produce(producer, topic, records),
    offsets: (topic, at) => offsetsOf(admin, topic, at === 'earliest' ? -2n : -1n),
    async firstSince(topic, sinceMs) {
      const found = await offsetsOf(admin, topic, BigInt(Math.max(0, Math.floor(sinceMs))))
      return new Map([...found].filter(([, offset]) => offset >= 0n))
    },
    async committed(group, topic) {
      const partitions = await partitionsOf(admin, topic)
      const partitionIndexes = Array.from({ length: partitions ?? 0 }, (_, partition) => partition)
      return committedOf(admin, { group, topic, partitionIndexes })
    },
    async configOf(topic) {
      const [found] = await admin.describeConfigs({ resources: [{ resourceType: topicResource, resourceName: topic }] })
      return new Map((found?.configs ?? []).map(({ name, value }) => [name, value ?? '']))
    },
    async groupsOf(topic) {
      const groups = [...(await admin.listGroups()).keys()]
      const partitionIndexes = Array.from(
        { length: (await partitionsOf(admin, topic)) ?? 0 },
        (_, partition) => partition,
      )
      const reading = await Promise.all(
        groups.map(async (group) =>
          (await committedOf(admin, { group, topic, partitionIndexes })).size > 0 ? [group] : [],
        ),
      )
      return reading.flat()
    },
    lookBack: platformaticLookBack({ module, connection, admin }),
    consumer: ({ topic, group, events }) =>
      platformaticConsumer({ module, connection, topic, group, events, offsets: groupOffsets(admin, group, topic) }),
    async close() {
      await Promise.allSettled([producer.close(), admin.close()])
    },
  }
}

function groupOffsets(admin: PlatformaticAdmin, group: string, topic: string): GroupOffsets {
  const startedGroup = startedGroupOf(group)
  return {
    committed: (partitions) => committedOf(admin, { group, topic, partitionIndexes: [...partitions] }),
    started: (partitions) => committedOf(admin, { group: startedGroup, topic, partitionIndexes: [...partitions] }),
    writeStarted: (marks) =>
      admin.alterConsumerGroupOffsets({
        groupId: startedGroup,
        topics: [{ name: topic, partitionOffsets: [...marks].map(([partition, offset]) => ({ partition, offset })) }],
      }),
  }
}

async function committedOf(
  admin: PlatformaticAdmin,
  { group, topic, partitionIndexes }: { group: string; topic: string; partitionIndexes: number[] },
): Promise<ReadonlyMap<number, bigint>> {
  const found = await admin.listConsumerGroupOffsets({
    groups: [{ groupId: group, topics: [{ name: topic, partitionIndexes }] }],
  })
  const committed = new Map<number, bigint>()
  for (const { name, partitions } of found[0]?.topics ?? []) {
    if (name !== topic) continue
    for (const { partitionIndex, committedOffset } of partitions)
      if (committedOffset >= 0n) committed.set(partitionIndex, committedOffset)
  }
  return committed
}

async function partitionsOf(client: PlatformaticProducer | PlatformaticAdmin, topic: string): Promise<number | null> {
  try {
    const metadata = await client.metadata({ topics: [topic], autocreateTopics: false })
    return metadata.topics.get(topic)?.partitionsCount ?? null
  } catch (error) {
    if (isUnknownTopic(error)) return null
    throw error
  }
}

async function createTopic(admin: PlatformaticAdmin, { topic, partitions, configs }: TopicSpec): Promise<void> {
  const list = Object.entries(configs).map(([name, value]) => ({ name, value }))
  try {
    await admin.createTopics({ topics: [topic], partitions, replicas: -1, configs: list })
  } catch (error) {
    if (!isExistingTopic(error)) throw error
  }
}

/** A new topic can be written to, and is known to every broker, a moment later than it is created. */
async function visible(producer: PlatformaticProducer, admin: PlatformaticAdmin, topic: string): Promise<void> {
  const end = performance.now() + visibleWithinMs
  for (;;) {
    try {
      if ((await partitionsOf(producer, topic)) !== null && (await offsetsOf(admin, topic, -1n)).size > 0) return
    } catch (error) {
      if (performance.now() >= end) throw error
    }
    if (performance.now() >= end) return
    producer.clearMetadata()
    admin.clearMetadata()
    await new Promise((resolve) => setTimeout(resolve, visibleStepMs))
  }
}

async function offsetsOf(
  admin: PlatformaticAdmin,
  topic: string,
  timestamp: bigint,
): Promise<ReadonlyMap<number, bigint>> {
  const partitions = await partitionsOf(admin, topic)
  const wanted = Array.from({ length: partitions ?? 0 }, (_, partitionIndex) => ({ partitionIndex, timestamp }))
  const [found] = await admin.listOffsets({ topics: [{ name: topic, partitions: wanted }], isolationLevel: 1 })
  return new Map((found?.partitions ?? []).map(({ partitionIndex, offset }) => [partitionIndex, offset]))
}

async function produce(
  producer: PlatformaticProducer,
  topic: string,
  records: readonly ProduceRecord[],
): Promise<readonly SendResult[]> {
  const messages = records.map(({ partition, message }) => ({
    topic,
    partition,
    ...(message.key === null ? {} : { key: bufferOf(message.key) }),
    ...(message.body === null ? {} : { value: bufferOf(message.body) }),
    headers: mapFromHeaders(message.headers) as Map<Buffer, Buffer>,
    timestamp: BigInt(Math.trunc(message.timestampMs ?? Date.now())),
  }))
  try {
    const answer = await producer.send({
      messages,
      acks: -1,
      idempotent: false,
      autocreateTopics: false,
      repeatOnStaleMetadata: false,
    })
    return records.map(resultFrom(topic, baseOffsets(answer)))
  } catch (error) {
    // A leader that moved is found by the next send.
    if (errorsIn(error).some((each) => 'hasStaleMetadata' in each || each.code === 'PLT_KFK_NETWORK'))
      producer.clearMetadata()
    const { known, rest } = outcomesOfError(error)
    const written = new Map<number, bigint>()
    for (const [partition, outcome] of known) if (outcome.kind === 'written') written.set(partition, outcome.baseOffset)
    const result = resultFrom(topic, written)
    return records.map((record) => {
      const outcome = known.get(record.partition) ?? rest
      return outcome.kind === 'written' ? result(record) : outcome
    })
  }
}

function baseOffsets({ offsets = [] }: PlatformaticProduced): ReadonlyMap<number, bigint> {
  return new Map(offsets.map(({ partition, offset }) => [partition, offset]))
}

/** The records of a partition travel in one batch, in order: the n-th has the base offset plus n. */
function resultFrom(topic: string, base: ReadonlyMap<number, bigint>): (record: ProduceRecord) => SendResult {
  const used = new Map<number, bigint>()
  return ({ partition }) => {
    const first = base.get(partition)
    if (first === undefined) return { kind: 'uncertain', reason: 'the broker did not answer for this partition' }
    const n = used.get(partition) ?? 0n
    used.set(partition, n + 1n)
    const position = first + n
    return {
      kind: 'sent',
      partition: String(partition),
      position,
      nativeId: `${topic}/${String(partition)}/${String(position)}`,
    }
  }
}
