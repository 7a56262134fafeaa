import type { LookBackDriver, TopicExtent } from './driver.ts'
import { eachRecord, recordsFrom } from './fetched-records.ts'
import type {
  PlatformaticAdmin,
  PlatformaticConnection,
  PlatformaticConsumer,
  PlatformaticModule,
} from './platformatic-client.ts'
import { isUnknownTopic } from './platformatic-outcome.ts'
import { recordsOf } from './platformatic-records.ts'
import { lastOffsetOf } from './read-committed.ts'
import { within } from './within.ts'

const maxWaitMs = 500
const partitionBytes = 1024 * 1024
const closeMs = 3_000
/** How long a partition may give nothing though it has more. */
const patienceMs = 10_000
const readUncommitted = 0

/** Reads with a consumer that never joins its group. */
export function platformaticLookBack(options: {
  readonly module: PlatformaticModule
  readonly connection: PlatformaticConnection
  readonly admin: PlatformaticAdmin
}): LookBackDriver {
  const { module, connection, admin } = options
  return {
    extent: (topic) => extentOf(admin, topic),
    async read({ topic, partition, from, to }, { onRecords, signal }) {
      const consumer = new module.Consumer({
        retries: 2,
        retryDelay: 250,
        ...connection,
        groupId: 'redrive-look-back',
        autocommit: false,
      } as never)
      consumer.on('error', () => {})
      consumer.topics.trackAll(topic)
      try {
        let next = from
        let hasHoles = false
        let advancedAtMs = performance.now()
        while (next < to) {
          signal?.throwIfAborted()
          const fetched = await fetchOne(consumer, { topic, partition, offset: next })
          for (const batch of fetched.records ?? []) {
            // A batch that lost records to compaction keeps its offsets.
            const isWhole = batch.firstOffset <= next && batch.records.length === batch.lastOffsetDelta + 1
            if (!isWhole && lastOffsetOf(batch) >= next) hasHoles = true
            if (lastOffsetOf(batch) >= next) next = lastOffsetOf(batch) + 1n
            advancedAtMs = performance.now()
          }
          for (const records of recordsOf({ ...fetched, abortedTransactions: [] }, from).records)
            onRecords(eachRecord(recordsFrom(records, from)))
          if (performance.now() - advancedAtMs > patienceMs)
            throw new Error(`partition ${partition} of ${topic} gives nothing from ${next} on`)
        }
        return { hasHoles }
      } finally {
        await within(consumer.close(true), closeMs)
      }
    },
  }
}

async function fetchOne(
  consumer: PlatformaticConsumer,
  { topic, partition, offset }: { topic: string; partition: number; offset: bigint },
) {
  const found = (await consumer.metadata({ topics: [topic], autocreateTopics: false })).topics.get(topic)
  const node = found?.partitions[partition]?.leader
  if (found === undefined || node === undefined || node < 0)
    throw new Error(`partition ${partition} of ${topic} has no leader`)
  const wanted = {
    partition,
    fetchOffset: offset,
    partitionMaxBytes: partitionBytes,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
  }
  const { responses } = await consumer.fetch({
    node,
    minBytes: 1,
    maxBytes: partitionBytes,
    maxWaitTime: maxWaitMs,
    isolationLevel: readUncommitted,
    topics: [{ topicId: found.id, partitions: [wanted] }],
  })
  const answer = responses.flatMap(({ partitions }) => partitions).find((each) => each.partitionIndex === partition)
  if (answer === undefined) return { ...nothing, partitionIndex: partition }
  if (answer.errorCode !== 0) throw new Error(`partition ${partition} of ${topic}: error code ${answer.errorCode}`)
  return answer
}

const nothing = { errorCode: 0, logStartOffset: 0n, lastStableOffset: 0n, abortedTransactions: null, records: null }

async function extentOf(admin: PlatformaticAdmin, topic: string): Promise<TopicExtent | null> {
  const found = await metadataOf(admin, topic)
  if (found === undefined) return null
  const offsets = async (timestamp: bigint): Promise<ReadonlyMap<number, bigint>> => {
    const partitions = found.partitions.map((_, partitionIndex) => ({ partitionIndex, timestamp }))
    const [listed] = await admin.listOffsets({
      topics: [{ name: topic, partitions }],
      isolationLevel: readUncommitted,
    })
    return new Map((listed?.partitions ?? []).map(({ partitionIndex, offset }) => [partitionIndex, offset]))
  }
  // The end first: what is removed in between then shows as a beginning that has moved.
  const ends = await offsets(-1n)
  const firsts = await offsets(-2n)
  return {
    identity: found.id,
    partitions: new Map(
      found.partitions.map(({ isr, replicas }, partition) => {
        const [first, end] = [firsts.get(partition), ends.get(partition)]
        if (first === undefined || end === undefined)
          throw new Error(`partition ${partition} of ${topic} does not say where it ends`)
        return [partition, { first, end, isBehind: isr.length < replicas.length }]
      }),
    ),
  }
}

async function metadataOf(admin: PlatformaticAdmin, topic: string) {
  try {
    return (await admin.metadata({ topics: [topic], autocreateTopics: false, forceUpdate: true })).topics.get(topic)
  } catch (error) {
    if (isUnknownTopic(error)) return undefined
    throw error
  }
}
