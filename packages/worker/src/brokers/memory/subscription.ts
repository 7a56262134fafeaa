import type { Delivery, ReceiveOptions, Subscription } from '../../broker.ts'
import type { Clock } from '../../clock.ts'
import type { Entry, Place } from './place.ts'

export type MemoryKind = 'queue' | 'requeue' | 'log'

export interface MemorySubscription extends Subscription {
  /** Gives everything unsettled back as if its holder had died. */
  drop(): void
  /** Takes partitions away, as a rebalance does. */
  lose(partitions: readonly string[]): void
}

export function subscribe(
  place: Place,
  options: ReceiveOptions & { readonly clock: Clock; readonly plays: MemoryKind },
): MemorySubscription {
  const { clock, maxInFlight, plays } = options
  const isLog = plays === 'log'
  const reader = {}
  place.readers.add(reader)
  const inFlight = new Map<Delivery, Entry>()
  const closing = new AbortController()
  let bytes = 0

  const forget = (delivery: Delivery, entry: Entry): void => {
    inFlight.delete(delivery)
    bytes -= entry.bytes
  }
  // One message always fits, or a message above the bound would never be delivered.
  const fits = (entry: Entry): boolean => inFlight.size === 0 || bytes + entry.bytes <= maxInFlight.bytes

  const isReader = (): boolean => place.readers.values().next().value === reader
  const mayTake = (): boolean => inFlight.size < maxInFlight.messages && (!isLog || isReader())

  const take = (maxMessages: number): Delivery[] => {
    const taken: Delivery[] = []
    while (taken.length < maxMessages && mayTake()) {
      const entry = place.take(clock.monotonic(), fits)
      if (entry === undefined) break
      entry.deliveryCount++
      const delivery = deliveryOf(place, entry)
      inFlight.set(delivery, entry)
      bytes += entry.bytes
      taken.push(delivery)
    }
    return taken
  }
  const giveBack = (matches: (entry: Entry) => boolean): void => {
    for (const [delivery, entry] of [...inFlight]) {
      if (!matches(entry)) continue
      forget(delivery, entry)
      entry.redelivered = true
      entry.availableAtMs = 0
      place.restore(entry)
    }
  }
  const leave = (): void => {
    place.readers.delete(reader)
    giveBack(() => true)
    place.changed()
  }
  const changeOr = async (ms: number): Promise<void> => {
    const woken = new AbortController()
    const forgetWake = place.onChange(() => woken.abort())
    const stop = (): void => woken.abort()
    closing.signal.addEventListener('abort', stop)
    settledWake = stop
    await clock.sleep(ms, woken.signal)
    settledWake = undefined
    closing.signal.removeEventListener('abort', stop)
    forgetWake()
  }
  let settledWake: (() => void) | undefined

  return {
    async next({ maxMessages, waitMs }) {
      const deadlineMs = clock.monotonic() + waitMs
      for (;;) {
        if (closing.signal.aborted) return []
        const taken = take(maxMessages)
        const leftMs = deadlineMs - clock.monotonic()
        if (taken.length > 0 || leftMs <= 0) return taken
        const nextAtMs = mayTake() ? (place.nextAtMs() ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY
        await changeOr(Math.min(leftMs, Math.max(1, nextAtMs - clock.monotonic())))
      }
    },
    async settle(deliveries, settlement) {
      for (const delivery of deliveries) {
        const entry = inFlight.get(delivery)
        if (entry === undefined) continue
        forget(delivery, entry)
        if (settlement.kind === 'ack') {
          entry.acked = true
          if (isLog) place.commit()
          else place.held.delete(entry.id)
        } else {
          entry.availableAtMs = settlement.delayMs > 0 ? clock.monotonic() + settlement.delayMs : 0
          entry.redelivered = plays === 'requeue'
          place.restore(entry)
        }
      }
      settledWake?.()
    },
    async extend() {},
    async close(settled) {
      closing.abort()
      await settled?.catch(() => undefined)
      if (isLog && isReader()) place.rewind(false)
      leave()
    },
    drop() {
      closing.abort()
      if (isLog && isReader()) place.rewind(true)
      leave()
    },
    lose(partitions) {
      if (isLog && place.readers.delete(reader)) place.readers.add(reader)
      giveBack((entry) => partitions.includes(entry.partition))
      place.changed()
      options.onLost?.(partitions)
    },
  }
}

function deliveryOf(place: Place, entry: Entry): Delivery {
  return {
    message: entry.message,
    place: place.name,
    partition: entry.partition,
    position: null,
    nativeId: entry.id,
    redelivered: entry.redelivered,
    deliveryCount: entry.deliveryCount,
    bytes: entry.bytes,
  }
}
