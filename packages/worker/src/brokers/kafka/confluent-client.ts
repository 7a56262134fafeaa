import type { HeaderObjects } from './headers.ts'

/** The members of the rdkafka API of `@confluentinc/kafka-javascript` that are called: its module has this shape. Checked with 1.10. */
export interface ConfluentModule {
  readonly KafkaConsumer: new (global: never, topic: never) => ConfluentConsumer
  readonly Producer: new (global: never, topic: never) => ConfluentProducer
  readonly AdminClient: { create(global: never): ConfluentAdmin }
}

/** Settings of librdkafka for all its clients: `bootstrap.servers`, `client.id`, `security.protocol`, … */
export type ConfluentConnection = Readonly<Record<string, string | number | boolean>>

export interface ConfluentError {
  readonly code: number
  readonly message: string
}

export interface ConfluentPartition {
  topic: string
  partition: number
}

export interface ConfluentOffset extends ConfluentPartition {
  offset: number
}

export interface ConfluentOffsetWithMetadata extends ConfluentOffset {
  metadata?: string | null
}

interface ConfluentClient {
  connect(options: { timeout?: number }, done: (error: ConfluentError | null, metadata: unknown) => void): unknown
  disconnect(done: (error: unknown, metrics: unknown) => void): unknown
  on(event: never, listener: never): unknown
}

export interface ConfluentConsumer extends ConfluentClient {
  subscribe(topics: string[]): unknown
  assign(to: ConfluentOffset[]): unknown
  unassign(): unknown
  pause(topics: ConfluentPartition[]): unknown
  resume(topics: ConfluentPartition[]): unknown
  commit(offsets: ConfluentOffsetWithMetadata[]): unknown
  committed(
    partitions: ConfluentPartition[],
    timeoutMs: number,
    done: (
      error: ConfluentError | null,
      offsets: readonly { readonly partition: number; readonly offset?: number; readonly metadata?: string | null }[],
    ) => void,
  ): unknown
  consume(count: number, done: (error: ConfluentError | null, messages: readonly ConfluentMessage[]) => void): void
  setDefaultConsumeTimeout(timeoutMs: number): void
}

export interface ConfluentMessage {
  readonly partition: number
  readonly offset: number
  readonly key?: Uint8Array | string | null | undefined
  readonly value: Uint8Array | null
  readonly timestamp?: number | undefined
  readonly headers?: HeaderObjects | undefined
  readonly size: number
}

export interface ConfluentProducer extends ConfluentClient {
  produce(
    topic: string,
    partition: number,
    value: Buffer | null,
    key: Buffer | null,
    timestampMs: number,
    opaque: unknown,
    headers: Record<string, Buffer>[],
  ): unknown
  setPollInterval(ms: number): unknown
}

export interface ConfluentReport {
  readonly partition: number
  readonly offset: number
  readonly opaque?: unknown
}

export interface ConfluentAdmin {
  describeTopics(
    topics: string[],
    options: { timeout?: number },
    done: (
      error: ConfluentError | null,
      topics: readonly {
        readonly name: string
        readonly error?: ConfluentError
        readonly partitions: readonly unknown[]
      }[],
    ) => void,
  ): void
  createTopic(
    topic: { topic: string; num_partitions: number; replication_factor: number; config: Record<string, string> },
    timeoutMs: number,
    done: (error: ConfluentError | null) => void,
  ): void
  listOffsets(
    partitions: (ConfluentPartition & { offset: { timestamp: number } })[],
    options: { timeout?: number; isolationLevel?: number },
    done: (
      error: ConfluentError | null,
      offsets: readonly { readonly partition: number; readonly offset: number; readonly error?: ConfluentError }[],
    ) => void,
  ): void
  listConsumerGroupOffsets(
    groups: { groupId: string; partitions?: ConfluentPartition[] }[],
    options: { timeout?: number },
    done: (
      error: ConfluentError | null,
      groups: readonly {
        readonly partitions: readonly { readonly topic: string; readonly partition: number; readonly offset?: number }[]
      }[],
    ) => void,
  ): void
  listGroups(
    options: { timeout?: number },
    done: (error: ConfluentError | null, found: { readonly groups: readonly { readonly groupId: string }[] }) => void,
  ): void
  disconnect(): void
}
