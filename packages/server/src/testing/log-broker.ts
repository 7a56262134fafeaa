import type { Broker, BrokerTrouble, Delivery, Message, ReceiveOptions, Subscription } from '@redrive/worker'
import { messageBytes } from '@redrive/worker'

/** A source in this process that plays the kinds of brokers capture has to live with. */
export interface LogBroker extends Broker {
  append(place: string, ...messages: readonly Message[]): void
  /** Messages that were acknowledged, in the order of their acknowledgement. */
  readonly acked: readonly Message[]
  /** Cuts every subscription: what is not acknowledged comes again, marked as redelivered. */
  cut(): void
  /** Removes what waits below a position of the first partition, and tells readers that they go on there. */
  remove(place: string, to: number): void
  /** The next acknowledgements get lost, silently, as on a link that is about to break. */
  loseAcks: boolean
}

export interface LogBrokerOptions {
  readonly system?: string
  /** `positions`: a log, read from the position its reader keeps. `ids`: a queue with ids. `nothing`: a queue without. */
  readonly kind: 'positions' | 'ids' | 'nothing'
  readonly partitions?: number
}

interface Entry {
  readonly message: Message
  readonly partition: string
  readonly position: number
  state: 'waiting' | 'out' | 'done'
  redelivered: boolean
}

export function logBroker({ system = 'kafka', kind, partitions = 1 }: LogBrokerOptions): LogBroker {
  const places = new Map<string, Entry[]>()
  const acked: Message[] = []
  const cuts = new Set<() => void>()
  const onRemoved = new Set<(place: string, to: number) => void>()
  let arrived = Promise.withResolvers<void>()
  const entriesOf = (place: string): Entry[] => {
    const entries = places.get(place) ?? []
    places.set(place, entries)
    return entries
  }
  const broker: LogBroker = {
    system,
    acked,
    loseAcks: false,
    capabilities: {
      ordering: 'partition',
      nativeDelay: false,
      redelivered: 'exact',
      positions: kind === 'positions',
      keys: true,
      headers: { duplicates: true, nulls: true, order: true },
      maxBytes: 64 * 1024 * 1024,
      maxHeaderBytes: 64 * 1024 * 1024,
      losses: [],
    },
    append(place, ...messages) {
      const entries = entriesOf(place)
      for (const message of messages) {
        const partition = entries.length % partitions
        entries.push({
          message,
          partition: String(partition),
          position: Math.floor(entries.length / partitions),
          state: 'waiting',
          redelivered: false,
        })
      }
      arrived.resolve()
      arrived = Promise.withResolvers()
    },
    cut() {
      for (const entries of places.values()) {
        for (const entry of entries)
          if (entry.state === 'out') Object.assign(entry, { state: 'waiting', redelivered: true })
      }
      for (const cut of cuts) cut()
    },
    remove(place, to) {
      for (const told of onRemoved) told(place, to)
      const entries = entriesOf(place)
      for (const entry of entries) if (entry.position < to && entry.state === 'waiting') entry.state = 'done'
    },
    prepare: () => Promise.resolve(),
    async receive(place, options) {
      return subscribe(entriesOf(place), place, options)
    },
    send: () => Promise.resolve([]),
    depth: (place) => Promise.resolve({ messages: entriesOf(place).filter(({ state }) => state !== 'done').length }),
    describe: () => Promise.resolve({ exists: true, partitions, facts: [], consumers: [] }),
    close: () => Promise.resolve(),
  }

  async function subscribe(entries: Entry[], place: string, options: ReceiveOptions): Promise<Subscription> {
    const names = Array.from({ length: partitions }, (_, n) => String(n))
    const next = new Map<string, number>()
    const out = new Map<Delivery, Entry>()
    let closed = false
    let generation = 0
    const load = async (): Promise<void> => {
      for (const [partition, position] of (await options.positions?.load(place, names)) ?? [])
        next.set(partition, Number(position))
    }
    await load()
    const cut = (): void => {
      generation++
      out.clear()
      const trouble = (kind: BrokerTrouble['kind']): void =>
        options.onTrouble?.({ kind, message: `the test ${kind} it` })
      trouble('disconnected')
      trouble('reconnected')
    }
    cuts.add(cut)
    const removed = (where: string, to: number): void => {
      if (where !== place) return
      const from = entries.find(({ state }) => state === 'waiting')?.position ?? entries.length
      options.onTrouble?.({
        kind: 'skipped',
        message: `${place}/0: ${from} is gone, going on at ${to}`,
        skipped: { partition: '0', from: BigInt(from), to: BigInt(to) },
      })
    }
    onRemoved.add(removed)
    const ready = (entry: Entry): boolean =>
      entry.state === 'waiting' && (kind !== 'positions' || entry.position >= (next.get(entry.partition) ?? 0))
    return {
      async next({ maxMessages, waitMs }) {
        const found = (): Entry[] =>
          closed ? [] : entries.filter(ready).slice(0, Math.min(maxMessages, options.maxInFlight.messages - out.size))
        let taken = found()
        if (taken.length === 0 && !closed) {
          const timer = Promise.withResolvers<void>()
          const timeout = setTimeout(timer.resolve, waitMs)
          await Promise.race([arrived.promise, timer.promise])
          clearTimeout(timeout)
          taken = found()
        }
        return taken.map((entry) => {
          entry.state = 'out'
          const bytes = messageBytes(entry.message)
          const delivery: Delivery = {
            message: entry.message,
            place,
            partition: entry.partition,
            position: kind === 'positions' ? BigInt(entry.position) : null,
            nativeId: kind === 'ids' ? `${place}/${entries.indexOf(entry)}` : null,
            redelivered: entry.redelivered,
            deliveryCount: null,
            bytes,
          }
          out.set(delivery, entry)
          return delivery
        })
      },
      async settle(deliveries, settlement) {
        const at = generation
        if (broker.loseAcks) return
        for (const delivery of deliveries) {
          const entry = out.get(delivery)
          if (entry === undefined || at !== generation || entry.state !== 'out') continue
          out.delete(delivery)
          entry.state = settlement.kind === 'ack' ? 'done' : 'waiting'
          if (settlement.kind === 'ack') acked.push(entry.message)
        }
      },
      extend: () => Promise.resolve(),
      async close(settled) {
        closed = true
        arrived.resolve()
        arrived = Promise.withResolvers()
        await settled
        cuts.delete(cut)
        onRemoved.delete(removed)
        for (const entry of out.values())
          if (entry.state === 'out') Object.assign(entry, { state: 'waiting', redelivered: true })
      },
    }
  }
  return broker
}
