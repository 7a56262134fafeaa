import type { Broker, Capabilities, Outgoing, SendResult } from '../../broker.ts'
import { type Clock, systemClock } from '../../clock.ts'
import { RedriveError } from '../../errors.ts'
import { type Message, messageBytes } from '../../message.ts'
import { createPlace, type Place } from './place.ts'
import { type MemoryKind, type MemorySubscription, subscribe } from './subscription.ts'

/** What outlives a process: give the same one to several `memoryBroker`s to let them play several processes on one server. */
export interface MemoryStore {
  readonly places: Map<string, Place>
}

export interface MemoryBrokerOptions {
  /** @default a new, empty one */
  readonly store?: MemoryStore
  /** @default the system's */
  readonly clock?: Clock
  /** Partitions of places that `prepare` creates without `like`; a key keeps its partition. @default 1 */
  readonly partitions?: number
  /** `false` plays a broker that cannot delay by itself, as Kafka. @default true */
  readonly nativeDelay?: boolean
  /**
   * Which family of brokers it plays. `queue`: knows exactly what was handed out and not settled. `requeue`: as RabbitMQ, what was released
   * counts as redelivered too. `log`: as Kafka, a place has one reader at a time, and after a crash everything behind the committed position
   * counts as redelivered. @default 'queue'
   */
  readonly plays?: MemoryKind
  /** How long places that `prepare` creates keep a message that nobody took. @default for ever */
  readonly keepMs?: number
  /** Largest message with its headers. @default 1_048_576 */
  readonly maxBytes?: number
  /** Largest sum of header names and values. @default 65_536 */
  readonly maxHeaderBytes?: number
}

export interface MemoryBroker extends Broker {
  readonly store: MemoryStore
  /** Plays the loss of the process that holds this broker: what it had not settled comes again, `redelivered`, to others, and no call of it ever resolves again. */
  crash(): void
  /** Plays a rebalance: takes partitions of a place away from this broker's subscriptions. */
  lose(place: string, partitions: readonly string[]): void
}

/** A store for several brokers. */
export function memoryStore(): MemoryStore {
  return { places: new Map() }
}

/**
 * A broker in this process's memory, for tests and for trying things out: at-least-once, with partitions, native delay and
 * redelivery. A place is a queue: consumers share it whatever their name. Nothing survives the process.
 */
export function memoryBroker(options: MemoryBrokerOptions = {}): MemoryBroker {
  const store = options.store ?? memoryStore()
  const clock = options.clock ?? systemClock
  const plays = options.plays ?? 'queue'
  const capabilities: Capabilities = {
    ordering: plays === 'requeue' ? 'queue' : 'partition',
    nativeDelay: (options.nativeDelay ?? true) ? { maxMs: Number.MAX_SAFE_INTEGER } : false,
    redelivered: plays === 'queue' ? 'exact' : 'superset',
    positions: false,
    keys: true,
    headers: { duplicates: true, nulls: true, order: true },
    maxBytes: options.maxBytes ?? 1_048_576,
    maxHeaderBytes: options.maxHeaderBytes ?? 65_536,
    losses: ['Nothing survives the end of the process.'],
  }
  const subscriptions = new Map<MemorySubscription, string>()
  let state: 'open' | 'closed' | 'crashed' = 'open'

  /** A dead process gets no answers. */
  const alive = async (): Promise<void> => {
    if (state === 'crashed') await new Promise<never>(() => undefined)
  }
  const placeOf = (name: string): Place => {
    const place = store.places.get(name)
    if (place !== undefined) return place
    throw new RedriveError('PLACE_MISSING', `there is no place "${name}"`, {
      hint: 'Create it with prepare().',
      data: { place: name },
    })
  }
  const open = (): void => {
    if (state !== 'open') throw new RedriveError('BROKER_CLOSED', 'this broker was closed')
  }
  let turn = 0
  const sendOne = (name: string, outgoing: Outgoing): SendResult => {
    const place = store.places.get(name)
    if (state !== 'open') return { kind: 'not-sent', reason: 'this broker was closed', retryable: false }
    if (place === undefined) return { kind: 'not-sent', reason: `there is no place "${name}"`, retryable: false }
    const message = copyOf(outgoing.message, clock.now())
    const bytes = messageBytes(message)
    const headerBytes = messageBytes({ key: null, body: null, headers: message.headers })
    if (bytes > capabilities.maxBytes || headerBytes > capabilities.maxHeaderBytes) {
      const reason =
        bytes > capabilities.maxBytes
          ? `${bytes} bytes, at most ${capabilities.maxBytes}`
          : `${headerBytes} header bytes, at most ${capabilities.maxHeaderBytes}`
      return { kind: 'not-sent', reason: `too large: ${reason}`, retryable: false }
    }
    const partition =
      outgoing.partition ?? String((message.key === null ? turn++ : hash(message.key)) % place.partitions)
    if (!(/^\d{1,9}$/.test(partition) && Number(partition) < place.partitions)) {
      return { kind: 'not-sent', reason: `"${name}" has no partition "${partition}"`, retryable: false }
    }
    const delayMs = outgoing.delayMs ?? 0
    const { id } = place.add(message, {
      bytes,
      partition,
      availableAtMs: delayMs > 0 ? clock.monotonic() + delayMs : 0,
    })
    return { kind: 'sent', partition, nativeId: id }
  }

  return {
    system: 'memory',
    capabilities,
    store,
    async prepare(places) {
      await alive()
      open()
      for (const { place, like } of places) {
        if (store.places.has(place)) continue
        const shape = like === undefined ? undefined : store.places.get(like)
        const partitions = shape?.partitions ?? options.partitions ?? 1
        const keepMs = options.keepMs ?? Number.POSITIVE_INFINITY
        store.places.set(place, createPlace(place, { partitions, keepMs, nowMs: clock.now }))
      }
    },
    async receive(name, receive) {
      await alive()
      open()
      if (receive.positions !== undefined)
        throw new RedriveError('CAPABILITY_MISSING', 'the memory broker has no positions')
      const place = placeOf(name)
      place.consumers.add(receive.consumer)
      const subscription = subscribe(place, { ...receive, clock, plays })
      subscriptions.set(subscription, name)
      const guarded =
        <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
        async (...args: A): Promise<R> => {
          await alive()
          const result = await call(...args)
          await alive()
          return result
        }
      return {
        next: guarded(subscription.next),
        settle: guarded(subscription.settle),
        extend: guarded(subscription.extend),
        close: guarded(subscription.close),
      }
    },
    async send(place, messages) {
      await alive()
      if (capabilities.nativeDelay === false && messages.some(({ delayMs }) => (delayMs ?? 0) > 0)) {
        throw new RedriveError('CAPABILITY_MISSING', 'this memory broker was made without native delay')
      }
      return messages.map((outgoing) => sendOne(place, outgoing))
    },
    async depth(place) {
      await alive()
      return { messages: placeOf(place).waiting().length }
    },
    async expiry(name) {
      await alive()
      const { keepMs, ...place } = placeOf(name)
      const waiting = place.waiting()
      const endsAtMs = waiting.reduce((first, each) => Math.min(first, each.endsAtMs), Number.POSITIVE_INFINITY)
      const ageMs = Number.isFinite(keepMs) ? keepMs : null
      return {
        waiting: waiting.length,
        oldestEndsAtMs: Number.isFinite(endsAtMs) ? endsAtMs : null,
        gone: 0,
        keeps: { ...forEver, ageMs, longer: `memoryBroker({ keepMs: ${14 * 86_400_000} })` },
      }
    },
    async describe(name) {
      await alive()
      const place = store.places.get(name)
      if (place === undefined) return { exists: false, partitions: 0, facts: [], consumers: [] }
      const facts = [
        'Held in memory; lost at the end of the process.',
        `Messages up to ${capabilities.maxBytes} bytes.`,
      ]
      return { exists: true, partitions: place.partitions, facts, consumers: [...place.consumers] }
    },
    async ends(name) {
      await alive()
      const place = placeOf(name)
      const end = String(place.nextSequence())
      return { positions: Object.fromEntries(Array.from({ length: place.partitions }, (_, n) => [String(n), end])) }
    },
    async findReplays(name, { since, replayIds }) {
      await alive()
      const { replays } = placeOf(name)
      const found = new Map<string, { partition: string; position: bigint }>()
      for (const id of replayIds) {
        const at = replays.get(id)
        if (at !== undefined && BigInt(at.sequence) >= BigInt(since.positions[at.partition] ?? '0'))
          found.set(id, { partition: at.partition, position: BigInt(at.sequence) })
      }
      return { found, gap: null }
    },
    async close() {
      await alive()
      state = 'closed'
      await Promise.all([...subscriptions.keys()].map((subscription) => subscription.close()))
    },
    crash() {
      state = 'crashed'
      for (const subscription of subscriptions.keys()) subscription.drop()
    },
    lose(place, partitions) {
      for (const [subscription, name] of subscriptions) if (name === place) subscription.lose(partitions)
    },
  }
}

const forEver = { messages: null, bytes: null, unusedMs: null, isCompacted: false } as const

function copyOf(message: Message, nowMs: number): Message {
  return {
    ...message,
    key: message.key === null ? null : new Uint8Array(message.key),
    body: message.body === null ? null : new Uint8Array(message.body),
    headers: message.headers.map((header) => ({
      ...header,
      value: header.value === null ? null : new Uint8Array(header.value),
    })),
    timestampMs: message.timestampMs ?? nowMs,
  }
}

/** FNV-1a, 32 bits. */
function hash(bytes: Uint8Array): number {
  let value = 0x811c9dc5
  for (const byte of bytes) value = Math.imul(value ^ byte, 0x01000193) >>> 0
  return value
}
