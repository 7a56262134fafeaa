import { ask } from './confluent-ask.ts'
import type {
  ConfluentConnection,
  ConfluentConsumer,
  ConfluentError,
  ConfluentMessage,
  ConfluentModule,
  ConfluentOffset,
} from './confluent-client.ts'
import type { ConsumerDriver, ConsumerEvents, Marks } from './driver.ts'
import { type FetchedRecord, madeRecords } from './fetched-records.ts'
import { headersFromObjects } from './headers.ts'
import { metadataOfStart, startOfMetadata } from './start-metadata.ts'
import { within } from './within.ts'

const assigning = -175
const revokingCode = -174
const batchRecords = 1000
/** Each consumer that waits holds a thread of the pool of four that all of a process share: short waits, and a pause between. */
const waitMs = 20
const pauseMs = 30
const timeoutMs = 10_000
const leaveTimeoutMs = 8000

interface RebalancingConsumer extends ConfluentConsumer {
  assignmentLost?(): boolean
  setDefaultIsTimeoutOnlyForFirstMessage?(only: boolean): void
}

/** A member of a group that pulls into the subscription; partitions without room are paused. */
export function confluentConsumer(options: {
  readonly module: ConfluentModule
  readonly connection: ConfluentConnection
  readonly topic: string
  readonly group: string
  readonly events: ConsumerEvents
}): ConsumerDriver {
  const { module, connection, topic, group, events } = options
  const first = Promise.withResolvers<void>()
  const paused = new Set<number>()
  const commits: ((error: ConfluentError | null) => void)[] = []
  let left = false
  let running: Promise<void> = Promise.resolve()
  let rebalancing: Promise<void> = Promise.resolve()

  const isLost = (): boolean => {
    try {
      return consumer.assignmentLost?.() === true
    } catch {
      return true
    }
  }
  const rebalance = async (code: number, partitions: readonly { readonly partition: number }[]): Promise<void> => {
    if (code === revokingCode) {
      try {
        if (!left && isLost()) events.lost()
        else if (!left) await events.revoking()
      } finally {
        // Whatever happened: the client waits for this, and would never close.
        consumer.unassign()
      }
      return
    }
    if (code !== assigning) return
    if (left) return void consumer.assign([])
    await events.assigned(partitions.map(({ partition }) => partition))
    paused.clear()
    ends = []
    consumer.assign(
      events
        .ready()
        .map(
          (partition) =>
            ({ topic, partition, offset: Number(events.position(partition) ?? 0n) }) satisfies ConfluentOffset,
        ),
    )
    first.resolve()
  }
  const consumer: RebalancingConsumer = new module.KafkaConsumer(
    {
      'session.timeout.ms': 30_000,
      'heartbeat.interval.ms': 1000,
      'fetch.wait.max.ms': 500,
      'partition.assignment.strategy': 'range',
      ...connection,
      'group.id': group,
      'enable.auto.commit': false,
      'enable.partition.eof': true,
      'isolation.level': 'read_committed',
      rebalance_cb: (error: ConfluentError | undefined, partitions: readonly { readonly partition: number }[]) => {
        rebalancing = rebalancing.then(() => rebalance(error?.code ?? 0, partitions)).catch(() => {})
      },
      offset_commit_cb: (error: ConfluentError | null) => commits.shift()?.(error),
    } as never,
    { 'auto.offset.reset': 'earliest' } as never,
  )
  let isDown = false
  const onError = ({ code, message }: ConfluentError): void => {
    if (left) return
    isDown = true
    events.trouble({ kind: 'disconnected', message: `${message} (${String(code)})` })
  }
  /** Ends of partitions that were reached by the records not handed over yet. */
  let ends: ConfluentOffset[] = []
  const reachEnds = (): void => {
    for (const { partition, offset } of ends) {
      // The end lies behind markers and aborted records, which are not handed to us.
      const from = events.position(partition)
      if (from !== undefined && BigInt(offset) > from) events.fetched(partition, [], { from, next: BigInt(offset) })
    }
    ends = []
  }
  consumer.on('event.error' as never, onError as never)
  consumer.on('partition.eof' as never, ((end: ConfluentOffset) => ends.push(end)) as never)

  const hand = (messages: readonly ConfluentMessage[]): void => {
    for (const [partition, each] of Map.groupBy(messages, (message) => message.partition)) {
      const from = events.position(partition)
      const last = each.at(-1)
      if (from === undefined || last === undefined) continue
      events.fetched(partition, [madeRecords(each.map(recordOf))], { from, next: BigInt(last.offset) + 1n })
      if (events.room(partition) || paused.has(partition)) continue
      paused.add(partition)
      consumer.pause([{ topic, partition }])
    }
  }
  const loop = async (): Promise<void> => {
    while (!left) {
      const messages = await new Promise<readonly ConfluentMessage[]>((resolve) => {
        consumer.consume(batchRecords, (error, found) => resolve(error === null || error === undefined ? found : []))
      })
      if (left) return
      if (messages.length > 0 && isDown) {
        isDown = false
        events.trouble({ kind: 'reconnected', message: `fetching ${topic} again` })
      }
      hand(messages)
      reachEnds()
      if (messages.length === 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }

  return {
    async join() {
      await ask((done) => consumer.connect({ timeout: timeoutMs }, done))
      consumer.setDefaultConsumeTimeout(waitMs)
      // Otherwise it would wait for each further message as well, and hand over what it has only when none came.
      consumer.setDefaultIsTimeoutOnlyForFirstMessage?.(true)
      consumer.subscribe([topic])
      running = loop()
      await first.promise
    },
    async marks(partitions) {
      const found = await ask<
        readonly { readonly partition: number; readonly offset?: number; readonly metadata?: string | null }[]
      >((done) =>
        consumer.committed(
          partitions.map((partition) => ({ topic, partition })),
          timeoutMs,
          done,
        ),
      )
      return new Map(
        found.map(({ partition, offset, metadata }): [number, Marks] => {
          const committed = offset === undefined || offset < 0 ? null : BigInt(offset)
          return [partition, { committed, started: committed === null ? null : startOfMetadata(metadata) }]
        }),
      )
    },
    commit: (marks) =>
      ask((done) => {
        commits.push((error) => done(error, undefined))
        consumer.commit(
          [...marks].map(([partition, { committed, started }]) => ({
            topic,
            partition,
            offset: Number(committed),
            metadata: metadataOfStart(started),
          })),
        )
      }),
    wake() {
      for (const partition of paused) {
        if (!events.room(partition)) continue
        paused.delete(partition)
        consumer.resume([{ topic, partition }])
      }
    },
    async leave() {
      left = true
      await within(running, 10 * waitMs)
      await within(new Promise<void>((resolve) => void consumer.disconnect(() => resolve())), leaveTimeoutMs)
    },
  }
}

function recordOf({ offset, key, value, timestamp, headers, size }: ConfluentMessage): FetchedRecord {
  const bytesOfKey = typeof key === 'string' ? Buffer.from(key) : (key ?? null)
  return {
    offset: BigInt(offset),
    message: {
      key: bytesOfKey,
      body: value,
      headers: headersFromObjects(headers),
      ...(timestamp === undefined ? {} : { timestampMs: timestamp }),
    },
    bytes: size + (bytesOfKey?.byteLength ?? 0),
  }
}
