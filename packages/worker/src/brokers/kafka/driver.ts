import type { BrokerTrouble, Capabilities, SendResult } from '../../broker.ts'
import type { Message } from '../../message.ts'
import type { FetchedRecord, FetchedRecords } from './fetched-records.ts'

/** What the adapter asks of a Kafka client. Three clients implement it; everything that is decided is decided above it. */
export interface ClientDriver {
  readonly headers: Capabilities['headers']
  readonly losses: readonly string[]
  /** Number of partitions, fresh or cached for a short while; `null`: no such topic. Never creates one. */
  partitionsOf(topic: string): Promise<number | null>
  /** Creates topics that do not exist; existing ones stay as they are. */
  createTopics(topics: readonly TopicSpec[]): Promise<void>
  /** Writes records with all acks and without any retry that could hide a doubtful outcome. Never rejects. */
  produce(topic: string, records: readonly ProduceRecord[]): Promise<readonly SendResult[]>
  /** First or next offset of each partition, by partition number. */
  offsets(topic: string, at: 'earliest' | 'latest'): Promise<ReadonlyMap<number, bigint>>
  /** The first offset of each partition whose record has that timestamp or a later one. Absent where the client cannot ask. */
  firstSince?(topic: string, sinceMs: number): Promise<ReadonlyMap<number, bigint>>
  /** What a group has committed for a topic, by partition; missing ones have no commit. */
  committed(group: string, topic: string): Promise<ReadonlyMap<number, bigint>>
  /** Configuration of a topic; `null` where the client cannot ask. */
  configOf(topic: string): Promise<ReadonlyMap<string, string> | null>
  /** Groups with members or offsets on a topic. */
  groupsOf(topic: string): Promise<readonly string[]>
  /** Absent where the client cannot read without a place in a group. */
  readonly lookBack?: LookBackDriver
  consumer(options: { readonly topic: string; readonly group: string; readonly events: ConsumerEvents }): ConsumerDriver
  close(): Promise<void>
}

/** Reads a topic beside all groups. */
export interface LookBackDriver {
  /** How far a topic reaches, asked anew; `null`: no such topic. */
  extent(topic: string): Promise<TopicExtent | null>
  /**
   * Reads a partition once, from one offset up to another, whatever its transactions say. Rejects when it cannot go on.
   * @returns whether something between was not there: compacted away, or of a kind the client does not show
   */
  read(
    range: { readonly topic: string; readonly partition: number; readonly from: bigint; readonly to: bigint },
    each: { readonly onRecords: (records: readonly FetchedRecord[]) => void; readonly signal?: AbortSignal },
  ): Promise<{ readonly hasHoles: boolean }>
}

export interface TopicExtent {
  /** The same as long as the topic is the same. */
  readonly identity: string | null
  readonly partitions: ReadonlyMap<
    number,
    {
      readonly first: bigint
      /** Everything below is on all replicas that count. */
      readonly end: bigint
      /** Replicas are missing: the leader may hold records above `end` that come forth later. */
      readonly isBehind: boolean
    }
  >
}

export interface TopicSpec {
  readonly topic: string
  /** `-1`: the broker's default. */
  readonly partitions: number
  readonly configs: Readonly<Record<string, string>>
}

export interface ProduceRecord {
  readonly partition: number
  readonly message: Message
}

/** One member of a consumer group that reads one topic. */
export interface ConsumerDriver {
  /** Joins the group and resolves once `assigned` was answered for the first assignment. */
  join(): Promise<void>
  /** What the group has committed, start marks included. */
  marks(partitions: readonly number[]): Promise<ReadonlyMap<number, Marks>>
  /** Writes watermarks and start marks. Rejects when the broker did not take them. */
  commit(marks: ReadonlyMap<number, WrittenMarks>): Promise<void>
  /** `ConsumerEvents.room` may answer differently now. */
  wake(): void
  /** Leaves the group. Bounded in time, whatever the broker does. */
  leave(): Promise<void>
}

export interface Marks {
  /** Next offset of the group; `null`: none. */
  readonly committed: bigint | null
  /** Everything below may have been handed out; `null`: unknown. */
  readonly started: bigint | null
}

export interface WrittenMarks {
  /** The watermark. To be written when it `committedChanged`; may be written along otherwise. */
  readonly committed: bigint
  /** `null`: the caller keeps no start marks. */
  readonly started: bigint | null
  readonly committedChanged: boolean
  readonly startedChanged: boolean
}

/** What a driver tells, and asks, the subscription. */
export interface ConsumerEvents {
  /** The group is about to be rebalanced: wait for this before giving partitions up. */
  revoking(): Promise<void>
  /** All partitions are gone without a chance to commit. */
  lost(): void
  /** The whole assignment after a rebalance; resolves when a position is known for each. */
  assigned(partitions: readonly number[]): Promise<void>
  /** Partitions that are ready to be read. */
  ready(): readonly number[]
  /** Next offset to fetch; `undefined`: not ours, or not ready. */
  position(partition: number): bigint | undefined
  /** There is room for more records of a partition. */
  room(partition: number): boolean
  /**
   * Records that were fetched, ascending, from `from` on; those below the position are ignored, and so is everything when the
   * position has moved away from `from` in the meantime.
   * @param options.next where to fetch next, beyond markers and aborted records
   * @param options.end how far the partition is known to reach; absent where the client does not tell
   */
  fetched(
    partition: number,
    records: readonly FetchedRecords[],
    options: { readonly from: bigint; readonly next: bigint; readonly end?: bigint },
  ): void
  /** A position that the broker no longer has, and where to go on instead. */
  outOfRange(partition: number, next: bigint): void
  trouble(trouble: BrokerTrouble): void
}
