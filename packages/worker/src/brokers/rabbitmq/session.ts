import type { Delivery } from '../../broker.ts'
import { messageBytes } from '../../message.ts'
import { acknowledgements } from './acknowledge.ts'
import type { ChannelLike, DeliveredLike } from './client.ts'
import { fromAmqp } from './envelope.ts'

/** A delivery of one channel that is not settled. It dies with the channel: the broker then delivers it again. */
export interface Entry {
  readonly message: DeliveredLike
  readonly delivery: Delivery
  readonly receivedAtMs: number
  /** `waiting`: not handed out yet; `out`: handed out; `delayed`: released, to be given back later. */
  state: 'waiting' | 'out' | 'delayed'
}

/** What one channel has delivered: bookkeeping without a life of its own. */
export class Session {
  readonly channel: ChannelLike
  readonly #place: string
  /** By delivery tag, which ascends. */
  readonly #entries: Map<number, Entry> = new Map()
  readonly #byDelivery: Map<Delivery, Entry> = new Map()
  readonly #waiting: Entry[] = []
  #bytesOut = 0

  constructor(channel: ChannelLike, place: string) {
    this.channel = channel
    this.#place = place
  }

  add(message: DeliveredLike): void {
    const delivery = deliveryOf(message, this.#place)
    const entry: Entry = { message, delivery, receivedAtMs: performance.now(), state: 'waiting' }
    this.#entries.set(message.fields.deliveryTag, entry)
    this.#byDelivery.set(delivery, entry)
    this.#waiting.push(entry)
  }

  /** Hands out at most `maxMessages`, within `maxBytes` in flight; one that is larger than that goes out alone. */
  take({ maxMessages, maxBytes }: { readonly maxMessages: number; readonly maxBytes: number }): readonly Delivery[] {
    const taken: Delivery[] = []
    while (taken.length < maxMessages) {
      const next = this.#waiting[0]
      if (next === undefined) break
      if (this.#bytesOut > 0 && this.#bytesOut + next.delivery.bytes > maxBytes) break
      this.#waiting.shift()
      next.state = 'out'
      this.#bytesOut += next.delivery.bytes
      taken.push(next.delivery)
    }
    return taken
  }

  /** The entries of those deliveries that are still ours to settle. */
  ours(deliveries: readonly Delivery[]): readonly Entry[] {
    const entries = deliveries.map((delivery) => this.#byDelivery.get(delivery))
    return [...new Set(entries)].filter((entry) => entry !== undefined && entry.state === 'out') as readonly Entry[]
  }

  ack(entries: readonly Entry[]): void {
    const settled = new Set(entries.map(({ message }) => message.fields.deliveryTag))
    for (const { tag, upTo } of acknowledgements(this.#entries.keys(), settled)) {
      const entry = this.#entries.get(tag)
      if (entry !== undefined) this.channel.ack(entry.message, upTo)
    }
    for (const entry of entries) this.#remove(entry)
  }

  /** No longer in flight, but kept from the broker until it is given back. */
  delay(entries: readonly Entry[]): void {
    for (const entry of entries) {
      entry.state = 'delayed'
      this.#bytesOut -= entry.delivery.bytes
    }
  }

  giveBack(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (this.#entries.get(entry.message.fields.deliveryTag) !== entry) continue
      this.channel.nack(entry.message, false, true)
      this.#remove(entry)
    }
  }

  giveBackWaiting(): void {
    this.giveBack(this.#waiting.splice(0))
  }

  /** @returns whether something was in flight */
  clear(): boolean {
    const hadOut = [...this.#entries.values()].some(({ state }) => state === 'out')
    this.#entries.clear()
    this.#byDelivery.clear()
    this.#waiting.length = 0
    this.#bytesOut = 0
    return hadOut
  }

  oldestReceivedAtMs(): number | undefined {
    for (const { receivedAtMs } of this.#entries.values()) return receivedAtMs
    return undefined
  }

  #remove(entry: Entry): void {
    if (!this.#entries.delete(entry.message.fields.deliveryTag)) return
    this.#byDelivery.delete(entry.delivery)
    if (entry.state === 'out') this.#bytesOut -= entry.delivery.bytes
  }
}

function deliveryOf(message: DeliveredLike, place: string): Delivery {
  const { redelivered } = message.fields
  const header = message.properties.headers?.['x-delivery-count']
  // Only a quorum queue counts: what it delivers again, before 4.0 also the first time, as 0. Otherwise the header is the producer's.
  const earlier = typeof header === 'number' && (redelivered || header === 0) ? header : undefined
  const decoded = fromAmqp(message, { countedByBroker: earlier !== undefined })
  return {
    message: decoded,
    place,
    partition: '0',
    position: null,
    nativeId: null,
    redelivered,
    deliveryCount: redelivered ? (earlier === undefined ? null : earlier + 1) : 1,
    bytes: Math.max(1, messageBytes(decoded)),
  }
}
