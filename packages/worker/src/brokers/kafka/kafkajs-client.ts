import type { MergedHeaders } from './headers.ts'

/** The members of a `Kafka` of kafkajs that are called. Checked with 2.2. */
export interface KafkaJs {
  consumer(options: never): KafkaJsConsumer
  producer(options: never): KafkaJsProducer
  admin(options: never): KafkaJsAdmin
}

export interface KafkaJsConsumer {
  connect(): Promise<void>
  subscribe(options: { topics: string[]; fromBeginning: boolean }): Promise<void>
  run(options: {
    autoCommit: boolean
    eachBatchAutoResolve: boolean
    partitionsConsumedConcurrently: number
    eachBatch: (payload: KafkaJsBatchPayload) => Promise<void>
  }): Promise<void>
  commitOffsets(offsets: { topic: string; partition: number; offset: string; metadata: string }[]): Promise<void>
  seek(to: { topic: string; partition: number; offset: string }): void
  pause(topics: { topic: string; partitions: number[] }[]): void
  resume(topics: { topic: string; partitions: number[] }[]): void
  on(event: never, listener: never): unknown
  disconnect(): Promise<void>
}

export interface KafkaJsBatchPayload {
  readonly batch: {
    readonly partition: number
    readonly messages: readonly KafkaJsMessage[]
    lastOffset(): string
  }
  resolveOffset(offset: string): void
  isStale(): boolean
}

export interface KafkaJsMessage {
  readonly offset: string
  readonly timestamp: string
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers?: MergedHeaders | undefined
}

export interface KafkaJsProducer {
  connect(): Promise<void>
  send(options: {
    topic: string
    acks: number
    messages: {
      partition: number
      key: Buffer | null
      value: Buffer | null
      headers: Record<string, Buffer | Buffer[]>
      timestamp: string
    }[]
  }): Promise<{ readonly partition: number; readonly errorCode: number; readonly baseOffset?: string | undefined }[]>
  disconnect(): Promise<void>
}

export interface KafkaJsAdmin {
  connect(): Promise<void>
  fetchTopicMetadata(options: {
    topics: string[]
  }): Promise<{ topics: { readonly name: string; readonly partitions: readonly unknown[] }[] }>
  createTopics(options: {
    waitForLeaders: boolean
    topics: {
      topic: string
      numPartitions: number
      replicationFactor: number
      configEntries: { name: string; value: string }[]
    }[]
  }): Promise<boolean>
  fetchTopicOffsets(
    topic: string,
  ): Promise<{ readonly partition: number; readonly high: string; readonly low: string }[]>
  fetchOffsets(options: { groupId: string; topics: string[] }): Promise<
    {
      readonly topic: string
      readonly partitions: { readonly partition: number; readonly offset: string; readonly metadata: string | null }[]
    }[]
  >
  describeConfigs(options: { resources: { type: 2; name: string }[]; includeSynonyms: boolean }): Promise<{
    readonly resources: { readonly configEntries: { readonly configName: string; readonly configValue: string }[] }[]
  }>
  listGroups(): Promise<{ readonly groups: { readonly groupId: string }[] }>
  disconnect(): Promise<void>
}
