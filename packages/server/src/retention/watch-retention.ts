import { type Clock, RedriveError, systemClock } from '@redrive/worker'
import { type ArchivePlace, type Restored, type RestoreRequest, restoreLetters, verifyNext } from '../archive/index.ts'
import { recountKept } from '../caps/index.ts'
import { type CapPolicy, noCap, type RetentionPolicy } from '../config/index.ts'
import type { Store } from '../store/store.ts'
import type { Pass, Said } from './begin-pass.ts'
import { keepRoom } from './keep-room.ts'
import { aloneInRetention } from './lock.ts'
import { passOnce } from './pass.ts'

const everyMs = 3_600_000
const roomEveryMs = 60_000
const firstMs = 60_000

export interface Retention {
  /**
   * A person says that what is due may go, however much it is.
   * @returns the pass, which goes on by itself
   * @throws STATE_CONFLICT: one goes on already; PLAN_STALE, REQUEST_INVALID as `beginPass`
   */
  run(said: Said): Promise<Pass>
  /**
   * Brings archived letters back.
   * @throws STATE_CONFLICT: letters are ended or brought back already; and as `restoreLetters`
   */
  restore(request: RestoreRequest): Promise<Restored>
  stop(): Promise<void>
}

export interface WatchRetentionOptions {
  readonly retention: RetentionPolicy
  /** How much a queue keeps that says nothing else. @default no cap */
  readonly most?: CapPolicy
  /** Where letters are archived; `null`: nowhere. */
  readonly place: ArchivePlace | null
  readonly tell: (line: string) => void
  readonly clock?: Clock
}

/** Ends letters whose time is over, each hour, and archives those of queues that are nearly full, each minute, until it is stopped. */
export function watchRetention(store: Store, options: WatchRetentionOptions): Retention {
  const { retention, place, tell, clock = systemClock } = options
  const stopping = new AbortController()
  const { signal } = stopping
  const going = new Set<Promise<unknown>>()

  const pass = (said: Said | null, onBegun: (pass: Pass) => void): Promise<unknown> => {
    const work = aloneInRetention(store, async () => {
      await passOnce(store, { retention, place, said, signal, onBegun })
      return 'done'
    })
    going.add(work)
    work.finally(() => going.delete(work)).catch(() => undefined)
    return work
  }
  const verify = async (): Promise<void> => {
    const verdict = place === null ? null : await verifyNext(store, place)
    const [problem] = verdict?.problems ?? []
    if (problem !== undefined) tell(`the archive ${verdict?.archive} is damaged: ${problem}`)
  }
  const loop = async (): Promise<void> => {
    let isTroubled = false
    await clock.sleep(firstMs, signal)
    while (!signal.aborted) {
      try {
        await pass(null, () => undefined)
        await verify()
        await recountKept(store)
        isTroubled = false
      } catch (error) {
        if (!isTroubled) tell(troubleLine(error))
        isTroubled = true
      }
      await clock.sleep(everyMs, signal)
    }
  }
  const room = keepRoom(store, { most: options.most ?? noCap, place, signal, clock, tell })
  const roomLoop = async (): Promise<void> => {
    for (; !signal.aborted; await clock.sleep(roomEveryMs, signal)) await room.look()
  }
  const running = Promise.all([loop(), roomLoop()])
  return {
    run(said) {
      return new Promise((resolve, reject) => {
        let hasBegun = false
        pass(said, (begun) => {
          hasBegun = true
          resolve(begun)
        }).then(
          (done) => {
            if (done === null) reject(busy())
          },
          (error: unknown) => {
            if (hasBegun) tell(troubleLine(error))
            else reject(error)
          },
        )
      })
    },
    async restore(request) {
      const restored = await aloneInRetention(store, () => restoreLetters(store, place, request))
      if (restored === null) throw busy()
      return restored
    },
    async stop() {
      stopping.abort()
      await Promise.allSettled([running, ...going])
    },
  }
}

function troubleLine(error: unknown): string {
  return `letters whose time is over could not be ended: ${error instanceof Error ? error.message : String(error)}`
}

function busy(): RedriveError {
  return new RedriveError('STATE_CONFLICT', 'Letters are ended or brought back already at this moment.', {
    hint: 'Look how far it is: redrive retention',
  })
}
