import { type Clock, systemClock } from '@redrive/worker'
import type { ArchivePlace } from '../archive/index.ts'
import { aloneInRetention } from '../retention/index.ts'
import type { Store } from '../store/store.ts'
import { beginErasure, type ErasureOrder } from './begin-erasure.ts'
import { erasureOnce } from './pass.ts'

const everyMs = 60_000

export interface Erasures {
  /** Begins one that was planned; it goes on by itself. @throws as `beginErasure` */
  run(order: ErasureOrder): Promise<void>
  stop(): Promise<void>
}

export interface WatchErasuresOptions {
  /** Where letters are archived; `null`: nowhere. */
  readonly place: ArchivePlace | null
  /** The database is a server of the office's own. */
  readonly ownsServer: boolean
  readonly tell: (line: string) => void
  readonly clock?: Clock
}

/** Goes on with what was begun, at once, after a start and each minute, until it is stopped. */
export function watchErasures(store: Store, options: WatchErasuresOptions): Erasures {
  const { place, ownsServer, tell, clock = systemClock } = options
  const stopping = new AbortController()
  const { signal } = stopping
  let wake = new AbortController()
  const loop = async (): Promise<void> => {
    let isTroubled = false
    while (!signal.aborted) {
      wake = new AbortController()
      try {
        await aloneInRetention(store, () => erasureOnce(store, { place, ownsServer, signal }))
        isTroubled = false
      } catch (error) {
        if (!isTroubled) tell(`an erasure could not go on: ${error instanceof Error ? error.message : String(error)}`)
        isTroubled = true
      }
      await clock.sleep(everyMs, AbortSignal.any([signal, wake.signal])).catch(() => undefined)
    }
  }
  const running = loop()
  return {
    async run(order) {
      await beginErasure(store, order)
      wake.abort()
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}
