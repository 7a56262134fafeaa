import type { ConsumerDriver, ConsumerEvents, Marks } from './driver.ts'
import { type FetchedRecord, madeRecords } from './fetched-records.ts'
import { headersFromMerged } from './headers.ts'
import type { KafkaJs, KafkaJsBatchPayload, KafkaJsMessage } from './kafkajs-client.ts'
import { metadataOfStart } from './start-metadata.ts'
import { within } from './within.ts'

const leaveTimeoutMs = 5000
const concurrentPartitions = 64
/** After so many seeks in vain the client is believed: what it skips does not exist any more. */
const maxSeeks = 3
const recordOverhead = 32

interface GroupJoin {
  readonly memberId: string
  readonly memberAssignment: Readonly<Record<string, readonly number[] | undefined>>
}

interface BatchEnd {
  readonly partition: number
  readonly batchSize: number
  readonly firstOffset: string | null
  readonly lastOffset: string
}

/**
 * A member of a group that pushes batches into the subscription. The client goes back to the last commit in each rebalance: each
 * assignment begins with a seek to our own positions, and batches from elsewhere are left alone until it took effect.
 */
export function kafkaJsConsumer(options: {
  readonly kafka: KafkaJs
  readonly consumerOptions: Readonly<Record<string, unknown>>
  readonly topic: string
  readonly group: string
  readonly events: ConsumerEvents
  readonly marks: () => Promise<ReadonlyMap<number, Marks>>
}): ConsumerDriver {
  const { kafka, topic, group, events } = options
  const consumer = kafka.consumer({
    sessionTimeout: 30_000,
    heartbeatInterval: 1000,
    maxWaitTimeInMs: 500,
    allowAutoTopicCreation: false,
    ...options.consumerOptions,
    groupId: group,
    // It never gives up by itself, but only between its attempts can it be told to.
    retry: { initialRetryTime: 250, maxRetryTime: 2000, retries: 4, restartOnFailure: () => Promise.resolve(!left) },
  } as never)
  const first = Promise.withResolvers<void>()
  const paused = new Set<number>()
  const synced = new Set<number>()
  const seeks = new Map<number, number>()
  let memberId: string | undefined
  let joins = 0
  let answered = 0
  let left = false

  const seek = (partition: number): void => {
    const position = events.position(partition)
    if (position === undefined || left) return
    synced.delete(partition)
    seeks.set(partition, (seeks.get(partition) ?? 0) + 1)
    consumer.seek({ topic, partition, offset: String(position) })
  }
  const onJoin = async (joined: GroupJoin): Promise<void> => {
    if (left) return
    joins += 1
    const mine = joins
    // With another member id we were thrown out in between, and our partitions were somebody else's.
    if (memberId !== undefined && memberId !== joined.memberId) events.lost()
    memberId = joined.memberId
    await events.assigned(joined.memberAssignment[topic] ?? [])
    if (mine !== joins) return
    paused.clear()
    seeks.clear()
    for (const partition of events.ready()) seek(partition)
    answered = mine
    first.resolve()
  }
  const listen = <T>(event: string, listener: (payload: T) => void): void => {
    consumer.on(event as never, (({ payload }: { readonly payload: T }) => listener(payload)) as never)
  }
  listen<GroupJoin>('consumer.group_join', (joined) => void onJoin(joined))
  listen('consumer.rebalancing', () => {
    if (!left) void events.revoking()
  })
  listen<{ error?: Error }>('consumer.crash', ({ error }) =>
    events.trouble({ kind: 'disconnected', message: error?.message ?? 'the consumer crashed' }),
  )
  listen('consumer.disconnect', () => {
    if (!left) events.trouble({ kind: 'disconnected', message: 'the consumer is disconnected' })
  })
  // The client keeps batches to itself in which nothing is left after filtering.
  listen<BatchEnd>('consumer.end_batch_process', ({ partition, batchSize, firstOffset, lastOffset }) => {
    const from = events.position(partition)
    if (batchSize > 0 || from === undefined || answered !== joins || firstOffset === null) return
    if (!synced.has(partition) && BigInt(firstOffset) > from) return
    events.fetched(partition, [], { from, next: BigInt(lastOffset) + 1n })
  })

  const eachBatch = async ({ batch, resolveOffset, isStale }: KafkaJsBatchPayload): Promise<void> => {
    const { partition } = batch
    const from = events.position(partition)
    if (left || from === undefined || answered !== joins || isStale()) return
    const begins = BigInt(
      (batch as { readonly fetchedOffset?: string }).fetchedOffset ?? batch.messages[0]?.offset ?? '0',
    )
    if (!synced.has(partition)) {
      if (begins > from && (seeks.get(partition) ?? 0) < maxSeeks) return seek(partition)
      synced.add(partition)
    }
    events.fetched(partition, [madeRecords(batch.messages.map(recordOf))], {
      from,
      next: BigInt(batch.lastOffset()) + 1n,
    })
    resolveOffset(batch.lastOffset())
    if (!events.room(partition)) {
      paused.add(partition)
      consumer.pause([{ topic, partitions: [partition] }])
    }
  }

  return {
    async join() {
      await consumer.connect()
      await consumer.subscribe({ topics: [topic], fromBeginning: true })
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: concurrentPartitions,
        eachBatch,
      })
      await first.promise
    },
    async marks(partitions) {
      const found = await options.marks()
      return new Map(
        partitions.map((partition) => [partition, found.get(partition) ?? { committed: null, started: null }]),
      )
    },
    async commit(marks) {
      await consumer.commitOffsets(
        [...marks].map(([partition, { committed, started }]) => ({
          topic,
          partition,
          offset: String(committed),
          metadata: metadataOfStart(started),
        })),
      )
    },
    wake() {
      for (const partition of paused) {
        if (!events.room(partition)) continue
        paused.delete(partition)
        consumer.resume([{ topic, partitions: [partition] }])
      }
    },
    async leave() {
      left = true
      await within(consumer.disconnect(), leaveTimeoutMs)
    },
  }
}

function recordOf({ offset, timestamp, key, value, headers }: KafkaJsMessage): FetchedRecord {
  const message = { key, body: value, headers: headersFromMerged(headers), timestampMs: Number(timestamp) }
  let bytes = recordOverhead + (key?.byteLength ?? 0) + (value?.byteLength ?? 0)
  for (const header of message.headers) bytes += header.name.length + (header.value?.byteLength ?? 0)
  return { offset: BigInt(offset), message, bytes }
}
