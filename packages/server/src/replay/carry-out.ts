import type { Clock } from '@redrive/worker'
import { isConnectionTrouble, type Store } from '../store/store.ts'
import { claimNext, type Lease } from './claim.ts'
import { markResults } from './mark.ts'
import { type SendContext, sendBatch } from './send-batch.ts'

export interface CarryOutOptions extends SendContext {
  readonly store: Store
  /** Stops between batches; what is being sent is finished and noted first. */
  readonly signal: AbortSignal
}

/** `done`: every letter of the plan was looked at. `lost`: another process holds the run. `stopped`: we were asked to. */
export type CarriedOut = 'done' | 'lost' | 'stopped'

/**
 * Carries out a run: intents, then sends, then results, batch by batch. While one batch is being sent, the intents of the next and the
 * results of the one before are written; no more than three batches are in memory.
 */
export async function carryOut(lease: Lease, options: CarryOutOptions): Promise<CarriedOut> {
  const { store, clock, signal } = options
  const size = batchSize(lease.pace)
  let dueAtMs = clock.now()
  let next = claimNext(store, lease, size)
  let noted: Promise<boolean> = Promise.resolve(true)
  try {
    for (;;) {
      const claim = await next
      if (claim.kind === 'lost') return 'lost'
      if (claim.kind === 'end') return (await noted) ? 'done' : 'lost'
      dueAtMs = Math.max(clock.now() - maxBurstMs, dueAtMs) + (claim.letters.length / lease.pace) * 1_000
      const stopping = signal.aborted
      if (!stopping) next = claimNext(store, lease, size)
      next.catch(() => undefined)
      const results = await sendBatch(claim.letters, options)
      if (!(await noted)) return 'lost'
      const batch = { fromOrdinal: claim.fromOrdinal, results }
      noted = throughOutage(clock, () => markResults(store, lease, batch))
      noted.catch(() => undefined)
      if (stopping) return (await noted) ? 'stopped' : 'lost'
      await clock.sleep(dueAtMs - clock.now(), signal)
    }
  } finally {
    // Whoever takes the run next would call uncertain what is known here.
    await noted.catch(() => undefined)
  }
}

const maxBurstMs = 250
const maxBatch = 2_000

/** At most a quarter of a second of the pace, so that a stop is obeyed soon. */
function batchSize(pace: number): number {
  return Math.min(maxBatch, Math.max(1, Math.floor(pace / 4)))
}

const patienceMs = 60_000

/**
 * What was sent is known here and nowhere else: while the database is away we hold on to it rather than make it uncertain. Marking twice
 * is harmless, since only an intent without results changes.
 */
async function throughOutage<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  const untilMs = clock.now() + patienceMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!isConnectionTrouble(error) || clock.now() > untilMs) throw error
      await clock.sleep(250)
    }
  }
}
