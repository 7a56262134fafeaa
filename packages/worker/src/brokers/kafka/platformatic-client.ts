import type { AbortedTransaction, FetchedBatch } from './read-committed.ts'

/** The members of `@platformatic/kafka` that are called: its module has this shape. Checked with 2.12. */
export interface PlatformaticModule {
  readonly Consumer: new (options: never) => PlatformaticConsumer
  readonly Producer: new (options: never) => PlatformaticProducer
  readonly Admin: new (options: never) => PlatformaticAdmin
}

/** Options every client of it takes; more may be given (`tls`, `sasl`, …). */
export interface PlatformaticConnection {
  readonly clientId: string
  readonly bootstrapBrokers: readonly string[]
  readonly [option: string]: unknown
}

export interface PlatformaticBase {
  metadata(options: {
    topics?: string[]
    autocreateTopics?: boolean
    forceUpdate?: boolean
  }): Promise<PlatformaticMetadata>
  clearMetadata(): void
}

export interface PlatformaticMetadata {
  readonly topics: ReadonlyMap<
    string,
    {
      readonly id: string
      readonly partitionsCount: number
      readonly partitions: readonly {
        readonly leader: number
        readonly replicas: readonly number[]
        readonly isr: readonly number[]
      }[]
    }
  >
}

export interface PlatformaticConsumer extends PlatformaticBase {
  readonly memberId: string | null
  readonly assignments: readonly { readonly topic: string; readonly partitions: readonly number[] }[] | null
  readonly topics: { trackAll(...topics: string[]): unknown }
  on(event: string, listener: (payload?: unknown) => void): unknown
  joinGroup(): Promise<string>
  fetch(options: PlatformaticFetch): Promise<PlatformaticFetched>
  listOffsets(options: {
    topics: string[]
    partitions: Record<string, number[]>
    timestamp: bigint
  }): Promise<ReadonlyMap<string, readonly bigint[]>>
  commit(options: {
    offsets: { topic: string; partition: number; offset: bigint; leaderEpoch: number }[]
  }): Promise<void>
  close(force: boolean): Promise<void>
}

export interface PlatformaticFetch {
  node: number
  maxWaitTime: number
  minBytes: number
  maxBytes: number
  isolationLevel: number
  topics: {
    topicId: string
    partitions: {
      partition: number
      fetchOffset: bigint
      partitionMaxBytes: number
      currentLeaderEpoch: number
      lastFetchedEpoch: number
    }[]
  }[]
}

export interface PlatformaticFetched {
  readonly responses: readonly {
    readonly topicId: string
    readonly partitions: readonly {
      readonly partitionIndex: number
      readonly errorCode: number
      readonly logStartOffset: bigint
      /** Records below may be read: no transaction before it is open. */
      readonly lastStableOffset: bigint
      readonly abortedTransactions: readonly AbortedTransaction[] | null
      readonly records?: readonly FetchedBatch[] | null
    }[]
  }[]
}

export interface PlatformaticProducer extends PlatformaticBase {
  send(options: {
    messages: PlatformaticMessage[]
    acks: number
    idempotent: boolean
    autocreateTopics: boolean
    repeatOnStaleMetadata: boolean
  }): Promise<PlatformaticProduced>
  close(): Promise<void>
}

export interface PlatformaticMessage {
  topic: string
  partition: number
  key?: Buffer
  value?: Buffer
  headers: Map<Buffer, Buffer>
  timestamp: bigint
}

export interface PlatformaticProduced {
  readonly offsets?: readonly { readonly topic: string; readonly partition: number; readonly offset: bigint }[]
}

export interface PlatformaticAdmin extends PlatformaticBase {
  createTopics(options: {
    topics: string[]
    partitions: number
    replicas: number
    configs: { name: string; value: string }[]
  }): Promise<unknown>
  listOffsets(options: {
    topics: { name: string; partitions: { partitionIndex: number; timestamp: bigint }[] }[]
    isolationLevel: 0 | 1
  }): Promise<
    readonly {
      readonly name: string
      readonly partitions: readonly { readonly partitionIndex: number; readonly offset: bigint }[]
    }[]
  >
  listConsumerGroupOffsets(options: {
    groups: { groupId: string; topics: { name: string; partitionIndexes: number[] }[] }[]
  }): Promise<
    readonly {
      readonly groupId: string
      readonly topics: readonly {
        readonly name: string
        readonly partitions: readonly { readonly partitionIndex: number; readonly committedOffset: bigint }[]
      }[]
    }[]
  >
  alterConsumerGroupOffsets(options: {
    groupId: string
    topics: { name: string; partitionOffsets: { partition: number; offset: bigint }[] }[]
  }): Promise<void>
  describeConfigs(options: {
    resources: { resourceType: 2; resourceName: string }[]
  }): Promise<
    readonly { readonly configs: readonly { readonly name: string; readonly value?: string | null | undefined }[] }[]
  >
  listGroups(options?: { types?: string[] }): Promise<ReadonlyMap<string, { readonly id: string }>>
  close(): Promise<void>
}
