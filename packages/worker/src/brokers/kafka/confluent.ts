import type { SendResult } from '../../broker.ts'
import { ask, faultOf } from './confluent-ask.ts'
import type { ConfluentAdmin, ConfluentConnection, ConfluentError, ConfluentModule } from './confluent-client.ts'
import { confluentConsumer } from './confluent-consumer.ts'
import { confluentProducer } from './confluent-producer.ts'
import type { ClientDriver } from './driver.ts'
import { partitionCache } from './partition-cache.ts'

const timeoutMs = 10_000
const unknownTopic = 3
const alreadyExists = 36
const visibleWithinMs = 10_000
const visibleStepMs = 50

const losses = [
  'confluent cannot write a header without a value: null is written as empty.',
  'confluent cannot read the configuration of topics: retention and compaction are not checked.',
  'confluent tries a send again by itself, as an idempotent producer: during an outage an answer takes up to message.timeout.ms, and is uncertain.',
  'confluent gives all partitions back in each rebalance: what it had fetched of those that stay is fetched again.',
  'confluent may keep a process alive when a consumer is closed while its broker cannot be reached: end the process yourself.',
] as const

/** Drives the rdkafka API of `@confluentinc/kafka-javascript`. */
export function confluentDriver(module: ConfluentModule, connection: ConfluentConnection): ClientDriver {
  let admin: ConfluentAdmin | undefined
  const open = (): ConfluentAdmin => {
    admin ??= module.AdminClient.create({ ...forAll(connection) } as never)
    return admin
  }
  const producer = confluentProducer(module, forAll(connection))
  const partitions = partitionCache((topic) => partitionsOf(open(), topic))
  const offsets = async (topic: string, at: 'earliest' | 'latest'): Promise<ReadonlyMap<number, bigint>> => {
    const count = (await partitions.of(topic)) ?? 0
    const spec = { timestamp: at === 'latest' ? -1 : -2 }
    const wanted = Array.from({ length: count }, (_, partition) => ({ topic, partition, offset: spec }))
    const found = await ask<readonly { partition: number; offset: number; error?: ConfluentError }[]>((done) =>
      open().listOffsets(wanted, { timeout: timeoutMs, isolationLevel: 1 }, done),
    )
    for (const { error } of found) if (error !== undefined) throw faultOf(error)
    return new Map(found.map(({ partition, offset }) => [partition, BigInt(offset)]))
  }

  return {
    headers: { duplicates: true, nulls: false, order: true },
    losses,
    partitionsOf: (topic) => partitions.of(topic),
    async createTopics(topics) {
      for (const { topic, partitions: count, configs } of topics) {
        const spec = { topic, num_partitions: count, replication_factor: -1, config: { ...configs } }
        await ask((done) =>
          open().createTopic(spec, timeoutMs, (error) => done(error?.code === alreadyExists ? null : error, undefined)),
        )
        partitions.forget(topic)
        await visible(() => offsets(topic, 'latest'))
      }
    },
    produce: (topic, records): Promise<readonly SendResult[]> => producer.produce(topic, records),
    offsets,
    committed: (group, topic) => committedOf(open(), group, topic),
    configOf: () => Promise.resolve(null),
    async groupsOf(topic) {
      const { groups } = await ask<{ readonly groups: readonly { readonly groupId: string }[] }>((done) =>
        open().listGroups({ timeout: timeoutMs }, done),
      )
      const reading: string[] = []
      for (const { groupId } of groups) if ((await committedOf(open(), groupId, topic)).size > 0) reading.push(groupId)
      return reading
    },
    consumer: ({ topic, group, events }) =>
      confluentConsumer({ module, connection: forAll(connection), topic, group, events }),
    async close() {
      await producer.close()
      admin?.disconnect()
    },
  }
}

/** Settings that name what only some of its clients have would be refused or warned about by the others. */
function forAll(connection: ConfluentConnection): ConfluentConnection {
  return { 'allow.auto.create.topics': false, ...connection }
}

async function partitionsOf(admin: ConfluentAdmin, topic: string): Promise<number | null> {
  const [found] = await ask<readonly { readonly error?: ConfluentError; readonly partitions: readonly unknown[] }[]>(
    (done) => admin.describeTopics([topic], { timeout: timeoutMs }, done),
  )
  if (found === undefined || found.error?.code === unknownTopic) return null
  if (found.error !== undefined) throw faultOf(found.error)
  return found.partitions.length
}

async function committedOf(
  admin: ConfluentAdmin,
  groupId: string,
  topic: string,
): Promise<ReadonlyMap<number, bigint>> {
  const [found] = await ask<
    readonly { readonly partitions: readonly { topic: string; partition: number; offset?: number }[] }[]
  >((done) => admin.listConsumerGroupOffsets([{ groupId }], { timeout: timeoutMs }, done))
  const committed = new Map<number, bigint>()
  for (const { topic: each, partition, offset } of found?.partitions ?? []) {
    if (each === topic && offset !== undefined && offset >= 0) committed.set(partition, BigInt(offset))
  }
  return committed
}

/** A new topic can be written to a moment later than it is created. */
async function visible(offsets: () => Promise<ReadonlyMap<number, bigint>>): Promise<void> {
  const end = performance.now() + visibleWithinMs
  for (;;) {
    try {
      if ((await offsets()).size > 0) return
    } catch (error) {
      if (performance.now() >= end) throw error
    }
    if (performance.now() >= end) return
    await new Promise((resolve) => setTimeout(resolve, visibleStepMs))
  }
}
