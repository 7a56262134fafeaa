import { deltaOf, type FetchedRecords, recordsFrom } from './fetched-records.ts'
import { Fifo } from './fifo.ts'
import { KafkaDelivery } from './kafka-delivery.ts'
import { firstStartWindow, nextStartWindow, type StartWindow } from './start-window.ts'

// Shared, because a delivery is made per record.
const fresh = { redelivered: false } as const
const again = { redelivered: true } as const
/** A start mark reaches as far, where its window does. */
const fetchesAhead = 4n

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
  bufferedBytes = 0
  /** Handed out and not settled. */
  inHands = { messages: 0, bytes: 0 }
  /** Fetched and not handed out. */
  buffered = 0
  readonly #fetched = new Fifo<FetchedRecords>()
  /** The first of `#fetched`, which of it is the next to hand out, and below which delta of it what is true. */
  #records: FetchedRecords | undefined
  #at = 0
  #startedBelow = 0
  #suspectBelow = 0
  /** Handed out and not yet behind the watermark, in order. */
  readonly #window = new Fifo<KafkaDelivery>()
  #started: bigint | null
  readonly #suspected: bigint
  /** A start mark goes no further. */
  #reach: bigint
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
    this.#suspected = start.keepsMarks ? (start.started ?? start.next) : start.next
    this.#started = start.keepsMarks ? (start.started ?? start.next) : null
    this.#reach = start.next
  }

  /** Everything below may be handed out: a start mark covers it. `null`: no start marks are kept. */
  get started(): bigint | null {
    return this.#started
  }

  set started(offset: bigint | null) {
    this.#started = offset
    this.#look()
  }

  /** They ascend; those below `next` are ignored. */
  add(
    fetched: readonly FetchedRecords[],
    { next, end = next }: { readonly next: bigint; readonly end?: bigint },
  ): void {
    for (const each of fetched) {
      const records = recordsFrom(each, this.next)
      if (records.count === 0) continue
      for (let at = 0; at < records.count; at += 1) this.bufferedBytes += records.bytes(at)
      this.buffered += records.count
      this.#fetched.push(records)
    }
    this.#look()
    if (next <= this.next) return
    // What the next fetches will bring is marked while this one is worked on, or it would wait for its mark; what does not exist is not.
    const ahead = next + fetchesAhead * (next - this.next)
    this.#reach = end < ahead ? (end > next ? end : next) : ahead
    this.next = next
  }

  /** Bytes of the next record, if it may be handed out. */
  readyBytes(): number | undefined {
    const records = this.#records
    if (records === undefined || records.delta(this.#at) >= this.#startedBelow) return undefined
    return records.bytes(this.#at)
  }

  /** The next record. Only while `readyBytes` has an answer. */
  take(): KafkaDelivery {
    const records = this.#records as FetchedRecords
    const at = this.#at
    const [delta, bytes] = [records.delta(at), records.bytes(at)]
    const record = { base: records.base, delta, message: records.message(at), bytes }
    const delivery = new KafkaDelivery(this, record, delta < this.#suspectBelow ? again : fresh)
    this.#window.push(delivery)
    this.buffered -= 1
    this.bufferedBytes -= bytes
    this.#at += 1
    if (this.#at === records.count) {
      this.#fetched.shift()
      this.#at = 0
      this.#look()
    }
    return delivery
  }

  /** Offsets are compared once for many records. */
  #look(): void {
    const records = this.#fetched.first()
    this.#records = records
    if (records === undefined) return
    this.#startedBelow = this.#started === null ? Number.POSITIVE_INFINITY : deltaOf(this.#started, records)
    this.#suspectBelow = deltaOf(this.#suspected, records)
  }

  /** The next to hand out; `undefined`: nothing waits. */
  #first(): bigint | undefined {
    return this.#records === undefined ? undefined : this.#records.base + BigInt(this.#records.delta(this.#at))
  }

  /** Lets go of what is done, so that its bytes can go as well. */
  forgetDone(): void {
    for (let first = this.#window.first(); first?.done === true; first = this.#window.first()) this.#window.shift()
  }

  /** Everything below is done. */
  watermark(): bigint {
    this.forgetDone()
    return this.#window.first()?.position ?? this.#first() ?? this.next
  }

  /** Half of what the start mark covers is used up, and there is more. */
  needsStartMark(): boolean {
    if (this.started === null || this.started >= this.#reach) return false
    return this.started <= (this.#first() ?? this.next) + this.#startWindow.size / 2n
  }

  /**
   * The start mark to write next: what was fetched and exists of the next fetch, at most a window ahead of what was handed out; `null`: no
   * further than now.
   * Every partition is renewed when one has to be.
   */
  nextStartMark(nowMs: number): bigint | null {
    if (this.started === null) return null
    if (this.needsStartMark()) this.#startWindow = nextStartWindow(this.#startWindow, nowMs)
    const wanted = (this.#first() ?? this.next) + this.#startWindow.size
    const mark = wanted < this.#reach ? wanted : this.#reach
    return mark > this.started ? mark : null
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
    this.buffered = 0
    this.#fetched.clear()
    this.#at = 0
    this.#look()
    this.#window.clear()
  }
}
