/**
 * A letter as it lies in an archive: the columns of `letter_content` but `terms`, and what its narrow row said. JSON columns are text, as
 * PostgreSQL writes them. Times are kept to the millisecond, which is what capture reads.
 */
export interface ArchivedLetter {
  /** UUID in its usual form, lower case, as all others here. */
  readonly id: string
  readonly queue: string
  /** Name of the connection, and the dead-letter place there. */
  readonly sourceBroker: string
  readonly sourcePlace: string
  /** 16 bytes, unique in its source. */
  readonly identity: Uint8Array
  /** `c_…` */
  readonly cause: string
  /** Of the cause. */
  readonly title: string
  readonly tier: string
  readonly state: ArchivedState
  readonly changedAt: Date
  /** The version that counts; 0 is the letter as it was captured. */
  readonly version: number
  readonly key: Uint8Array | null
  readonly body: Uint8Array | null
  /** SHA-256; of nothing when `body` is null. */
  readonly bodySha256: Uint8Array
  /** In the encoding of `store/header-list.ts`. */
  readonly headers: Uint8Array
  readonly properties: Uint8Array | null
  readonly timestampMs: bigint | null
  readonly partition: string
  readonly position: bigint | null
  readonly bytes: number
  readonly originSystem: string | null
  readonly originPlace: string | null
  readonly originPartition: string | null
  readonly originPosition: string | null
  /** JSON. */
  readonly originRoute: string | null
  readonly consumer: string | null
  readonly errorClass: string | null
  readonly message: string | null
  readonly stack: string | null
  readonly reason: string | null
  readonly attempts: number | null
  readonly firstFailedAt: Date | null
  readonly lastFailedAt: Date | null
  readonly service: string | null
  readonly release: string | null
  readonly host: string | null
  readonly traceparent: string | null
  readonly wireId: string | null
  /** UUID. */
  readonly replayId: string | null
  readonly hops: number | null
  readonly readers: readonly string[]
  readonly failureHeaders: readonly string[]
  /** JSON. */
  readonly confidence: string
  /** In the order of their numbers. */
  readonly versions: readonly ArchivedVersion[]
}

/** What a letter was before it was archived. */
export type ArchivedState = 'open' | 'replayed' | 'discarded'

/** A row of `letter_version`. */
export interface ArchivedVersion {
  /** From 1. */
  readonly version: number
  readonly parent: number
  readonly author: string
  readonly reason: string
  readonly createdAt: Date
  readonly key: Uint8Array | null
  readonly body: Uint8Array | null
  readonly bodySha256: Uint8Array
  readonly headers: Uint8Array
  /** Of key, body and headers: `store/letter-versions.ts`. */
  readonly contentSha256: Uint8Array
  readonly bytes: number
  /** JSON. */
  readonly edit: string
  /** UUID. */
  readonly transformId: string | null
}
