import type { Broker, Clock, Message, Outgoing, SendResult } from '@redrive/worker'
import type { ArchivePlace } from '../../packages/server/src/archive/index.ts'
import { type Capture, startCapture } from '../../packages/server/src/capture/index.ts'
import { applyReceipts, applyReturns } from '../../packages/server/src/replay/index.ts'
import { openStore, type Store } from '../../packages/server/src/store/store.ts'
import { type LogBroker, logBroker } from '../../packages/server/src/testing/log-broker.ts'
import { memoryPlace } from '../../packages/server/src/testing/memory-place.ts'

export const brokerName = 'memory'
const places = { letters: 'dead-letters', receipts: 'redrive-receipts' } as const

/** A real store with captures that run, for many sequences: each has a queue of its own. */
export interface Office {
  readonly store: Store
  /** Sends as it is told to by `onSend`. */
  readonly brokers: ReadonlyMap<string, Broker>
  /** A clock that never makes anybody wait: the pace is paid for at once. */
  readonly clock: Clock
  /** Where letters are archived. */
  readonly place: ArchivePlace
  onSend: (place: string, messages: readonly Outgoing[]) => Promise<readonly SendResult[]>
  /** Puts messages where the office reads, and waits until it has committed them. */
  capture(what: keyof typeof places, ...messages: readonly Message[]): Promise<void>
  close(): Promise<void>
}

/** @param url of an empty database, or one with the schema */
export async function openModelOffice(url: string): Promise<Office> {
  const store = await openStore({ url, allowUnsafe: true, maxConnections: 8 })
  const broker: LogBroker = logBroker({ kind: 'ids' })
  const counted = new Map<string, number>()
  const wanted = new Map<string, number>()
  let wake: () => void = () => undefined
  const captures = Object.values(places).map(
    (place): Capture =>
      startCapture({
        store,
        broker,
        brokerName,
        source: { place, role: place === places.receipts ? 'receipts' : 'dead-letter' },
        consumer: 'redrive-office',
        onReceipts: applyReceipts,
        onReturned: applyReturns,
        onEvent(event) {
          if (event.kind === 'trouble') process.stderr.write(`capture: ${event.message}\n`)
          if (event.kind !== 'captured') return
          counted.set(place, (counted.get(place) ?? 0) + event.letters + event.duplicates + event.receipts)
          wake()
        },
      }),
  )
  const office: Office = {
    store,
    brokers: new Map([[brokerName, { ...broker, send: (place, messages) => office.onSend(place, messages) }]]),
    clock: {
      now: () => 0,
      monotonic: () => 0,
      sleep: async () => void (await store.pool.query(`update run set paced_until = now() where paced_until > now()`)),
    },
    place: memoryPlace(),
    onSend: () => Promise.reject(new Error('nobody sends')),
    async capture(what, ...messages) {
      const place = places[what]
      const total = (wanted.get(place) ?? 0) + messages.length
      wanted.set(place, total)
      broker.append(place, ...messages)
      const late = setTimeout(() => wake(), patienceMs)
      const endsAt = performance.now() + patienceMs
      while ((counted.get(place) ?? 0) < total) {
        if (performance.now() >= endsAt) throw new Error(`${place} was not captured within ${patienceMs} ms`)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      clearTimeout(late)
    },
    async close() {
      await Promise.all(captures.map((capture) => capture.stop()))
      await store.close()
    },
  }
  return office
}

const patienceMs = 10_000
