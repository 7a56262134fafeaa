import type { Delivery, ReceiveOptions, Settlement, Subscription } from '../../broker.ts'
import type { Clock } from '../../clock.ts'
import { assignment } from './assignment.ts'
import type { ClientDriver, ConsumerDriver, ConsumerEvents } from './driver.ts'
import type { FetchedRecords } from './fetched-records.ts'
import { KafkaDelivery } from './kafka-delivery.ts'
import { MarkWriter } from './mark-writer.ts'
import type { PartitionState } from './partition-state.ts'
import { within } from './within.ts'

/** Twice what a fetch brings of a partition: one is on its way while the one before is handed out. */
const partitionBufferBytes = 2 * 1024 * 1024
const partitionBufferRecords = 10_000
const minBufferBytes = 2 * 1024 * 1024
const maxBufferBytes = 32 * 1024 * 1024
const closeTimeoutMs = 5000
/** A reason of our own, since the platform would make an error with a stack for each. */
const woke = 'woke'

export interface SubscriptionOptions {
  readonly client: ClientDriver
  readonly topic: string
  readonly group: string
  readonly receive: ReceiveOptions
  readonly clock: Clock
  /** How long handlers may finish before partitions are given up in a rebalance. */
  readonly rebalanceGraceMs: number
}

/** Hands out what a consumer driver fetched: bounded, in order per partition, and never before a start mark covers it. */
export class KafkaSubscription implements Subscription {
  readonly topic: string
  readonly consumer: string
  readonly #options: SubscriptionOptions
  readonly #driver: ConsumerDriver
  readonly #marks: MarkWriter
  readonly #states = new Map<number, PartitionState>()
  readonly #closed = new AbortController()
  readonly #maxBuffered: number
  #order: readonly PartitionState[] = []
  #turn = 0
  /** Released deliveries whose time has come. */
  #due: KafkaDelivery[] = []
  #inFlight = { messages: 0, bytes: 0 }
  #buffered = 0
  #holding = true
  #isBroken = false
  #assignments = 0
  #wake: () => void = () => {}
  #drained: () => void = () => {}
  #closing: Promise<void> | undefined

  constructor(options: SubscriptionOptions) {
    this.#options = options
    this.topic = options.topic
    this.consumer = options.receive.consumer
    this.#maxBuffered = Math.max(minBufferBytes, Math.min(maxBufferBytes, options.receive.maxInFlight.bytes))
    this.#driver = options.client.consumer({ topic: options.topic, group: options.group, events: this.#events() })
    this.#marks = new MarkWriter({
      driver: this.#driver,
      states: () => this.#order,
      clock: options.clock,
      onWritten: () => {
        this.#works()
        this.#wake()
      },
      onFailed: (error) => this.#broken(`the position was not written, trying again: ${String(error)}`),
    })
  }

  join(): Promise<void> {
    return this.#driver.join()
  }

  async next({
    maxMessages,
    waitMs,
  }: {
    readonly maxMessages: number
    readonly waitMs: number
  }): Promise<readonly Delivery[]> {
    const { clock } = this.#options
    const end = clock.monotonic() + waitMs
    while (this.#closing === undefined) {
      const taken = this.#take(maxMessages)
      if (taken.length > 0) return taken
      const leftMs = end - clock.monotonic()
      if (leftMs <= 0) break
      const woken = Promise.withResolvers<void>()
      const enough = new AbortController()
      this.#wake = woken.resolve
      await Promise.race([woken.promise, clock.sleep(leftMs, enough.signal)])
      enough.abort(woke)
    }
    return []
  }

  /**
   * Resolves at once: a watermark is written within 250 ms, and when partitions are given up, and at `close`. What was acknowledged
   * after the last write of a process that dies is delivered again, marked as redelivered.
   */
  async settle(deliveries: readonly Delivery[], settlement: Settlement): Promise<void> {
    for (const delivery of deliveries) {
      if (!(delivery instanceof KafkaDelivery) || delivery.ended || delivery.state.lost) continue
      delivery.ended = true
      this.#count(delivery, -1)
      if (settlement.kind === 'ack') {
        delivery.slot.done = true
        delivery.state.forgetDone()
      } else this.#release(delivery, settlement.delayMs)
    }
    if (this.#inFlight.messages === 0) this.#drained()
    this.#marks.later()
    this.#wake()
  }

  /** Kafka leases nothing. */
  async extend(): Promise<void> {}

  /** Writes what is known, so that a question about depth sees it. */
  flush(): Promise<void> {
    return this.#closing === undefined && !this.#holding ? this.#marks.flush() : Promise.resolve()
  }

  close(settled?: Promise<unknown>): Promise<void> {
    this.#closing ??= this.#close(settled)
    return this.#closing
  }

  async #close(settled: Promise<unknown> | undefined): Promise<void> {
    this.#wake()
    await settled?.catch(() => {})
    await within(this.#marks.settleAtLast(), closeTimeoutMs)
    this.#closed.abort()
    this.#marks.close()
    await this.#driver.leave()
    this.#giveUp([...this.#states.values()])
  }

  #take(max: number): readonly Delivery[] {
    const taken: KafkaDelivery[] = []
    if (this.#holding) return taken
    while (taken.length < max) {
      const due = this.#due[0]
      if (due === undefined) break
      if (!this.#fits(due.bytes)) return taken
      this.#due.shift()
      if (!due.state.lost) this.#hand(due, taken)
    }
    const order = this.#order
    for (let n = 0; n < order.length && taken.length < max; n += 1) {
      const state = order[(this.#turn + n) % order.length] as PartitionState
      while (taken.length < max) {
        const bytes = state.readyBytes()
        if (bytes === undefined) break
        if (!this.#fits(bytes)) return taken
        this.#buffered -= bytes
        this.#hand(state.take(), taken)
      }
      if (state.needsStartMark()) this.#marks.soon()
      if (state.bufferedBytes * 2 < partitionBufferBytes) this.#driver.wake()
    }
    this.#turn += 1
    return taken
  }

  #fits(bytes: number): boolean {
    const { messages, bytes: maxBytes } = this.#options.receive.maxInFlight
    // A single message above the bound would never be delivered.
    return (
      this.#inFlight.messages === 0 || (this.#inFlight.messages < messages && this.#inFlight.bytes + bytes <= maxBytes)
    )
  }

  #hand(delivery: KafkaDelivery, taken: KafkaDelivery[]): void {
    this.#count(delivery, 1)
    taken.push(delivery)
  }

  #count({ state, bytes }: KafkaDelivery, by: 1 | -1): void {
    const { inHands } = state
    inHands.messages += by
    inHands.bytes += by * bytes
    this.#inFlight.messages += by
    this.#inFlight.bytes += by * bytes
  }

  /** Kafka takes nothing back: the record stays in memory, uncommitted, and is handed out again when its time comes. */
  #release(delivery: KafkaDelivery, delayMs: number): void {
    const again = new KafkaDelivery(
      delivery.state,
      { base: delivery.position, delta: 0, message: delivery.message, bytes: delivery.bytes },
      delivery,
    )
    const back = (): void => {
      if (delivery.state.lost) return
      this.#due.push(again)
      this.#wake()
    }
    if (delayMs <= 0) back()
    else void this.#options.clock.sleep(delayMs, this.#closed.signal).then(back)
  }

  #events(): ConsumerEvents {
    const stateOf = (partition: number): PartitionState | undefined => this.#states.get(partition)
    return {
      revoking: () => this.#revoking(),
      lost: () => this.#lose([...this.#states.values()]),
      assigned: (partitions) => this.#assigned(partitions),
      ready: () => [...this.#states.keys()],
      position: (partition) => stateOf(partition)?.next,
      room: (partition) => this.#room(stateOf(partition)),
      fetched: (partition, records, at) => this.#fetched(stateOf(partition), records, at),
      outOfRange: (partition, next) => {
        const state = stateOf(partition)
        if (state === undefined) return
        this.#options.receive.onTrouble?.({
          kind: 'skipped',
          message: `${this.topic}/${state.name}: offset ${String(state.next)} is gone, going on at ${String(next)}`,
          skipped: { partition: state.name, from: state.next, to: next },
        })
        state.next = next
      },
      trouble: (trouble) => this.#options.receive.onTrouble?.(trouble),
    }
  }

  #room(state: PartitionState | undefined): boolean {
    if (state === undefined || this.#holding || this.#closing !== undefined) return false
    if (state.bufferedBytes >= partitionBufferBytes || state.buffered >= partitionBufferRecords) return false
    return state.buffered === 0 || this.#buffered < this.#maxBuffered
  }

  #fetched(
    state: PartitionState | undefined,
    records: readonly FetchedRecords[],
    at: { readonly from: bigint; readonly next: bigint; readonly end?: bigint },
  ): void {
    if (state === undefined || at.from !== state.next) return
    const before = state.bufferedBytes
    state.add(records, at)
    this.#buffered += state.bufferedBytes - before
    if (state.needsStartMark()) this.#marks.soon()
    if (state.committed !== null && state.committed < state.watermark()) this.#marks.later()
    this.#wake()
  }

  async #revoking(): Promise<void> {
    this.#holding = true
    if (this.#inFlight.messages > 0 && this.#closing === undefined) {
      const drained = Promise.withResolvers<void>()
      this.#drained = drained.resolve
      await within(drained.promise, this.#options.rebalanceGraceMs)
    }
    await within(this.#marks.settleDown(), closeTimeoutMs)
  }

  async #assigned(partitions: readonly number[]): Promise<void> {
    this.#assignments += 1
    const mine = this.#assignments
    const found = await assignment({
      ...this.#options,
      driver: this.#driver,
      partitions,
      current: this.#states,
      isStale: () => mine !== this.#assignments || this.#closed.signal.aborted,
      onTrouble: (message) => this.#broken(message),
    })
    if (found === undefined) return
    this.#works()
    this.#lose(found.gone)
    for (const state of found.added) this.#states.set(state.number, state)
    this.#order = [...this.#states.values()]
    this.#holding = false
    this.#trouble('rebalanced', `${this.topic}: reading ${String(partitions.length)} partitions`)
    this.#marks.resume()
    this.#driver.wake()
    this.#wake()
  }

  #giveUp(states: readonly PartitionState[]): void {
    if (states.length === 0) return
    for (const state of states) {
      this.#inFlight.messages -= state.inHands.messages
      this.#inFlight.bytes -= state.inHands.bytes
      this.#buffered -= state.bufferedBytes
      state.lose()
      this.#states.delete(state.number)
    }
    this.#order = [...this.#states.values()]
    this.#drained()
  }

  #lose(states: readonly PartitionState[]): void {
    this.#giveUp(states)
    if (states.length > 0) this.#options.receive.onLost?.(states.map(({ name }) => name))
  }

  #broken(message: string): void {
    if (!this.#isBroken) this.#trouble('disconnected', message)
    this.#isBroken = true
  }

  #works(): void {
    if (this.#isBroken) this.#trouble('reconnected', `the positions of ${this.topic} can be read and written again`)
    this.#isBroken = false
  }

  #trouble(kind: 'disconnected' | 'reconnected' | 'rebalanced', message: string): void {
    this.#options.receive.onTrouble?.({ kind, message })
  }
}
