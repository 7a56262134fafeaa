import type { Message } from './message.ts'

/**
 * The port every broker adapter implements: about six verbs, no decisions. Core decides what is retried, when, and when
 * a message is dead; an adapter only translates. The public suite in `testing/` is the contract.
 *
 * Places are named by plain strings: a topic, a queue, a subscription, a table.
 */
export interface Broker {
  /** `kafka`, `rabbitmq`, `pg-boss`, `memory` or a third party's own name. */
  readonly system: string
  readonly capabilities: Capabilities
  /**
   * Creates the places that do not exist yet and leaves existing ones as they are.
   * @throws BROKER_UNREACHABLE, PLACE_MISSING (the broker does not let us create it)
   */
  prepare(places: readonly PlaceSpec[]): Promise<void>
  /**
   * Starts taking in from a place.
   * @throws BROKER_UNREACHABLE, PLACE_MISSING, CAPABILITY_MISSING (options the broker cannot honour)
   */
  receive(place: string, options: ReceiveOptions): Promise<Subscription>
  /** Sends a batch; the answer has one result per message, in order. Never rejects because of a message or a connection. */
  send(place: string, messages: readonly Outgoing[]): Promise<readonly SendResult[]>
  /**
   * As `send`, as part of a transaction that the caller has open on the database in which the place is: the messages are there once it
   * commits, and none of them if it does not. Writes over no other connection. What is refused before the transaction is asked anything is
   * `not-sent`; nothing is `uncertain`. A broker that is no part of a database does not have this.
   * @throws what the database says; then the transaction is over
   */
  sendWithin?(transaction: SqlTransaction, place: string, messages: readonly Outgoing[]): Promise<readonly SendResult[]>
  /** What this broker settled before the call counts as settled: where that is written late, it is written first. */
  depth(place: string, consumer?: string): Promise<Depth>
  describe(place: string): Promise<PlaceDescription>
  /**
   * What a reader has not taken yet, and when the broker removes it unread. Joins no group, takes nothing away, reads no messages. A broker
   * that does not tell how long a place keeps its messages does not have this.
   * @throws BROKER_UNREACHABLE, also when it does not tell of this place; PLACE_MISSING
   */
  expiry?(place: string, reader: Reader): Promise<Expiry>
  /**
   * Where the next messages of a place will be, noted before a send so that `findReplays` can begin there. An older answer is as good, only
   * longer to read. A broker that cannot be looked back into has neither of the two.
   * @throws BROKER_UNREACHABLE, PLACE_MISSING
   */
  ends?(place: string): Promise<Ends>
  /**
   * Looks which replays a place got since. Joins no group, commits nothing, takes nothing away, and reads in bounded memory.
   * @throws BROKER_UNREACHABLE, also when `signal` aborts
   */
  findReplays?(place: string, search: ReplaySearch): Promise<ReplaysFound>
  close(): Promise<void>
}

/** A transaction of PostgreSQL on one connection, which the caller has begun and ends. A client of `pg` is one. */
export interface SqlTransaction {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: unknown[] }>
}

export interface Capabilities {
  /** What keeps its order between one producer and one consumer. */
  readonly ordering: 'partition' | 'queue' | 'none'
  /** The broker itself delivers later. `false`: core waits in lanes. */
  readonly nativeDelay: { readonly maxMs: number } | false
  /** `exact`: `delivery.redelivered` is true if and only if an earlier delivery was not settled. `superset`: it may be true too often, never too seldom. */
  readonly redelivered: 'exact' | 'superset'
  /** Deliveries have positions, and `ReceiveOptions.positions` is honoured (Kafka offsets). */
  readonly positions: boolean
  /** A message of its own can carry a key. */
  readonly keys: boolean
  readonly headers: {
    readonly duplicates: boolean
    readonly nulls: boolean
    readonly order: boolean
  }
  /**
   * What has no place of its own here. `aside`: the adapter carries it in a header or an envelope that other readers do not understand.
   * `lost`: it is not sent. What is not named is kept. Told where a letter of another system is sent here.
   */
  readonly misfits?: Readonly<Partial<Record<Misfit, 'aside' | 'lost'>>>
  /** Largest message in bytes with headers, as far as the broker tells before a send. */
  readonly maxBytes: number
  /** Largest sum of header bytes. */
  readonly maxHeaderBytes: number
  /** Losses of this client or broker that a user must know, one sentence each; printed by the conformance suite and the doctor. */
  readonly losses: readonly string[]
}

/** `headerTypes`: values that are neither text nor bytes. `milliseconds`: of the timestamp. */
export type Misfit = 'key' | 'nullBody' | 'headers' | 'headerTypes' | 'milliseconds'

/** `lane`: a retry lane; `dead-letter`; `receipts`: the small messages workers report replays with. */
export type PlaceRole = 'source' | 'lane' | 'dead-letter' | 'receipts'

export interface PlaceSpec {
  readonly place: string
  readonly role: PlaceRole
  /** A place whose shape (partitions) the new one should take over. */
  readonly like?: string
}

export interface ReceiveOptions {
  /** Consumer group or its like; consumers of one name share the messages of a place. */
  readonly consumer: string
  /** Upper bound of what is handed out and not settled. */
  readonly maxInFlight: { readonly messages: number; readonly bytes: number }
  /** Where to go on, kept by the caller in its own store. Needs `capabilities.positions`; the broker's own commit then is only a hint. */
  readonly positions?: PositionStore
  /** Where a consumer without any position starts. @default 'earliest' */
  readonly from?: 'earliest' | 'latest'
  /** Told when partitions are taken away; deliveries of them can no longer be settled. */
  readonly onLost?: (partitions: readonly string[]) => void
  /** Told about trouble the adapter gets over by itself (reconnects, rebalances). */
  readonly onTrouble?: (trouble: BrokerTrouble) => void
}

export interface PositionStore {
  /** The next position to read for each partition; a missing one means: none yet. */
  load(place: string, partitions: readonly string[]): Promise<ReadonlyMap<string, bigint>>
}

export interface BrokerTrouble {
  /** `skipped`: messages that were not delivered are not there any more. */
  readonly kind: 'disconnected' | 'reconnected' | 'rebalanced' | 'skipped'
  readonly message: string
  /** Of `skipped`, where that is known: reading goes on at `to` in place of `from`. */
  readonly skipped?: { readonly partition: string; readonly from: bigint; readonly to: bigint }
}

export interface Subscription {
  /**
   * The next deliveries, oldest first, as soon as there is at least one; `[]` after `waitMs` without any, and at once after `close`.
   * One call at a time.
   */
  next(options: { readonly maxMessages: number; readonly waitMs: number }): Promise<readonly Delivery[]>
  /**
   * Ends deliveries. `ack`: done, in any order; the adapter commits only what is contiguous. `release`: hand out again after `delayMs`
   * (0 = at once), not counted as a failure. Resolves when the broker has it, as far as the broker confirms at all.
   * Settling one that was lost or settled before is not an error and has no effect.
   */
  settle(deliveries: readonly Delivery[], settlement: Settlement): Promise<void>
  /** Keeps deliveries ours for longer where the broker leases them; elsewhere does nothing. */
  extend(deliveries: readonly Delivery[], byMs: number): Promise<void>
  /** Stops taking in. What is not settled yet may still be settled until the promise resolves with `settled`. */
  close(settled?: Promise<unknown>): Promise<void>
}

export type Settlement = { readonly kind: 'ack' } | { readonly kind: 'release'; readonly delayMs: number }

export interface Delivery {
  readonly message: Message
  readonly place: string
  /** Unit of order and of loss: a Kafka partition number as text; `'0'` elsewhere. */
  readonly partition: string
  /** Position within the partition (Kafka offset); `null` where the broker has none. */
  readonly position: bigint | null
  /** The broker's own identity of this message, the same on redelivery (`topic/partition/offset`, job id); `null` where it has none. */
  readonly nativeId: string | null
  /** An earlier delivery of this message was handed to somebody and never settled. */
  readonly redelivered: boolean
  /** How often the broker has handed it out, counting this one; `null` where it does not count. */
  readonly deliveryCount: number | null
  /** Bytes counted against `maxInFlight.bytes`. */
  readonly bytes: number
}

export interface Outgoing {
  readonly message: Message
  /** Deliver not before this many milliseconds. Needs `capabilities.nativeDelay`. */
  readonly delayMs?: number
  /** Where partitions can be chosen. A partition that does not exist is `not-sent`. */
  readonly partition?: string
  /** A UUID given once in all: where the broker's messages have ids (jobs), this one is its id, so that it can be looked up. Others ignore it. */
  readonly uniqueId?: string
}

/**
 * Three outcomes, never two. `not-sent` is claimed only when the broker certainly does not have the message;
 * whatever was cut after its first byte is `uncertain`.
 */
export type SendResult =
  | { readonly kind: 'sent'; readonly partition?: string; readonly position?: bigint; readonly nativeId?: string }
  | { readonly kind: 'not-sent'; readonly reason: string; readonly retryable: boolean }
  | { readonly kind: 'uncertain'; readonly reason: string }

/** How far a place reached. Plain JSON. */
export interface Ends {
  /** By partition, the position the next message will have, as decimal text. */
  readonly positions: Readonly<Record<string, string>>
  /** Tells a place from another of the same name that was made after it was removed, where the broker can. */
  readonly identity?: string
}

export interface ReplaySearch {
  readonly since: Ends
  /** `Wire.replayId`, which is the message's `Outgoing.uniqueId` as well. */
  readonly replayIds: ReadonlySet<string>
  readonly signal?: AbortSignal
}

export interface ReplaysFound {
  /** Where they are; `null`: there, but the broker has no positions. */
  readonly found: ReadonlyMap<string, { readonly partition: string; readonly position: bigint } | null>
  /**
   * `null`: everything since was seen, so what was not found did not arrive until now. Otherwise why that cannot be said: `isFinal` when no
   * later look will be able to either.
   */
  readonly gap: { readonly why: string; readonly isFinal: boolean } | null
}

export interface Depth {
  /** Messages waiting for `consumer` (Kafka: end minus committed) or in the place at all. */
  readonly messages: number
}

export interface PlaceDescription {
  readonly exists: boolean
  readonly partitions: number
  /** Human sentences about policies, limits and retention, for the doctor. */
  readonly facts: readonly string[]
  /** Consumers known to read here. */
  readonly consumers: readonly string[]
}

export interface Reader {
  readonly consumer: string
  /** The next position to read by partition, where the reader keeps it in its own store; others are as the broker has them. */
  readonly positions?: ReadonlyMap<string, bigint>
}

/** How a place and its reader stand. Times are epoch milliseconds. */
export interface Expiry {
  /** Messages that wait for the reader. */
  readonly waiting: number
  /** When the oldest of them is removed, at the earliest. `null`: age removes none of them. `unknown`: how old it is cannot be asked. */
  readonly oldestEndsAtMs: number | null | 'unknown'
  /** Positions that the reader did not come to before they were removed; 0 too where there are none. */
  readonly gone: number
  readonly keeps: Keeping
}

/** How long a place keeps what nobody took; `null`: no such limit. */
export interface Keeping {
  /** A message is removed so long after it came. */
  readonly ageMs: number | null
  /** Above so many messages, or bytes (on Kafka of each partition), the oldest are removed. */
  readonly messages: number | null
  readonly bytes: number | null
  /** Without a consumer for so long the whole place is removed. */
  readonly unusedMs: number | null
  /** Of messages of one key only the last is kept. */
  readonly isCompacted: boolean
  /** What to type or do at the broker so that it keeps them longer, 14 days where that can be said. Names in it are quoted. */
  readonly longer: string
}
