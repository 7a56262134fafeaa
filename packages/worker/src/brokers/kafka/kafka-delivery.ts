import type { Delivery } from '../../broker.ts'
import type { Message } from '../../message.ts'

/** The partition a delivery belongs to. */
export interface DeliveringPartition {
  readonly topic: string
  readonly name: string
  readonly lost: boolean
  readonly inHands: { messages: number; bytes: number }
  /** Something of it is done with. */
  forgetDone(): void
}

/**
 * A record in somebody's hands. The first delivery of a record is also its place in the order of its partition: `slot` of
 * a later one, after a release, leads back to it. A class, because one is made per record: identifiers are built when asked for.
 */
export class KafkaDelivery implements Delivery {
  readonly message: Message
  readonly bytes: number
  readonly redelivered: boolean
  readonly state: DeliveringPartition
  readonly slot: KafkaDelivery
  /** This delivery was settled, or lost. */
  ended = false
  /** The record is done with: only on slots. */
  done = false
  readonly #base: bigint
  readonly #delta: number

  /** @param record its position is `base` plus `delta` */
  constructor(
    state: DeliveringPartition,
    record: { readonly base: bigint; readonly delta: number; readonly message: Message; readonly bytes: number },
    { redelivered, slot }: { readonly redelivered: boolean; readonly slot?: KafkaDelivery },
  ) {
    this.state = state
    this.#base = record.base
    this.#delta = record.delta
    this.message = record.message
    this.bytes = record.bytes
    this.redelivered = redelivered
    this.slot = slot ?? this
  }

  get position(): bigint {
    return this.#base + BigInt(this.#delta)
  }

  get deliveryCount(): null {
    return null
  }

  get place(): string {
    return this.state.topic
  }

  get partition(): string {
    return this.state.name
  }

  get nativeId(): string {
    return `${this.state.topic}/${this.state.name}/${String(this.position)}`
  }
}
