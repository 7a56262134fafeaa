import type { FetchedRecord } from './driver.ts'
import { Fifo } from './fifo.ts'
import { KafkaDelivery } from './kafka-delivery.ts'
import { firstStartWindow, nextStartWindow, type StartWindow } from './start-window.ts'

// Shared, because a delivery is made per record.
const fresh = { redelivered: false } as const
const again = { redelivered: true } as const

/**
 * One partition while it is ours: what was fetched, what was handed out, how far everything is done. A partition that
 * is taken away and comes back gets a new state, so that deliveries of before cannot settle anything.
 */
export class PartitionState {
  readonly topic: string
  readonly number: number
  readonly name: string
  /** Next offset to fetch. */
  next: bigint
  lost = false
  /** As the broker has it. */
  committed: bigint | null
  /** Everything below may be handed out: a start mark covers it. `null`: no start marks are kept. */
  started: bigint | null
  bufferedBytes = 0
  /** Handed out and not settled. */
  inHands = { messages: 0, bytes: 0 }
  readonly #buffer = new Fifo<KafkaDelivery>()
  /** Handed out and not yet behind the watermark, in order. */
  readonly #window = new Fifo<KafkaDelivery>()
  readonly #suspectBelow: bigint
  /** The last one. */
  #handed: bigint
  #startWindow: StartWindow = firstStartWindow

  constructor(
    place: { readonly topic: string; readonly partition: number },
    start: {
      readonly next: bigint
      readonly committed: bigint | null
      readonly started: bigint | null
      readonly keepsMarks: boolean
    },
  ) {
    this.topic = place.topic
    this.number = place.partition
    this.name = String(place.partition)
    this.next = start.next
    this.committed = start.committed
    this.#handed = start.next - 1n
    this.#suspectBelow = start.keepsMarks ? (start.started ?? start.next) : start.next
    this.started = start.keepsMarks ? (start.started ?? start.next) : null
  }

  get buffered(): number {
    return this.#buffer.size
  }

  add(records: readonly FetchedRecord[], next: bigint): void {
    // They ascend, so that most of them need no look at their own offset.
    const first = records[0]?.offset ?? next
    const areNew = first >= this.next
    const areSuspect = first < this.#suspectBelow
    for (const record of records) {
      if (!areNew && record.offset < this.next) continue
      const isSuspect = areSuspect && record.offset < this.#suspectBelow
      this.#buffer.push(new KafkaDelivery(this, record, isSuspect ? again : fresh))
      this.bufferedBytes += record.bytes
    }
    if (next > this.next) this.next = next
  }

  /** The next record that may be handed out, without taking it. */
  peek(): KafkaDelivery | undefined {
    const first = this.#buffer.first()
    if (first === undefined || (this.started !== null && first.position >= this.started)) return undefined
    return first
  }

  /** Takes what `peek` showed. */
  take(): void {
    const delivery = this.#buffer.shift()
    if (delivery === undefined) return
    this.bufferedBytes -= delivery.bytes
    this.#handed = delivery.position
    this.#window.push(delivery)
  }

  /** Lets go of what is done, so that its bytes can go as well. */
  forgetDone(): void {
    for (let first = this.#window.first(); first?.done === true; first = this.#window.first()) this.#window.shift()
  }

  /** Everything below is done. */
  watermark(): bigint {
    this.forgetDone()
    return this.#window.first()?.position ?? this.#buffer.first()?.position ?? this.next
  }

  /** Half of what the start mark covers is used up, and more was fetched. */
  needsStartMark(): boolean {
    if (this.started === null || this.started >= this.next) return false
    return this.started <= this.#markFrom() + this.#startWindow.size / 2n
  }

  /**
   * The start mark to write next: what was fetched, at most a window ahead of what was handed out; `null`: no further than now.
   * Every partition is renewed when one has to be.
   */
  nextStartMark(nowMs: number): bigint | null {
    if (this.started === null) return null
    if (this.needsStartMark()) this.#startWindow = nextStartWindow(this.#startWindow, nowMs)
    const wanted = this.#markFrom() + this.#startWindow.size
    const mark = wanted < this.next ? wanted : this.next
    return mark > this.started ? mark : null
  }

  #markFrom(): bigint {
    const first = this.#buffer.first()?.position ?? this.next
    return first > this.#handed ? first : this.#handed + 1n
  }

  /** The start mark of a clean end: just behind the last record that was handed out and is not settled. */
  cleanStartMark(): bigint {
    let end = this.watermark()
    for (const slot of this.#window) if (!slot.done && slot.position >= end) end = slot.position + 1n
    return end
  }

  /** Gives everything up: nothing of it can be settled any more. */
  lose(): void {
    this.lost = true
    this.inHands = { messages: 0, bytes: 0 }
    this.bufferedBytes = 0
    this.#buffer.clear()
    this.#window.clear()
  }
}
