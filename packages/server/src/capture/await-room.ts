import type { Clock } from '@redrive/worker'
import type { Pool } from 'pg'
import { type CapKeeper, type Fullness, fillText, lookAtFull, type QueueAtCap } from '../caps/index.ts'
import type { BatchLimits } from './batch.ts'
import type { Patience } from './patience.ts'
import type { Pauses } from './pauses.ts'

const lookEveryMs = 2_000
/** A subscription takes so many ahead all the same, or as many as a smaller cap has: few come back when there is no room for them, and none is slow. */
const leastAhead = 100

export interface RoomOptions {
  readonly pool: Pool
  readonly sourceId: number
  readonly caps: CapKeeper
  readonly patience: Patience
  readonly paused: Pauses
  readonly clock: Clock
  /** Resolves when capture stops. */
  readonly idle: Promise<void>
  readonly isStopping: () => boolean
  /** Told of the names of queues that are full. */
  readonly onFull: (queues: readonly string[]) => void
}

/**
 * Waits until none of the queues that a source feeds is full. Without a subscription: what waits is at the source, not in hand. The source waits as a
 * whole, for what it holds next may be of any of its queues.
 * @returns what is left then
 */
export async function awaitRoom(options: RoomOptions): Promise<Fullness> {
  const { pool, sourceId, caps: keeper, patience, paused, clock, idle, isStopping, onFull } = options
  for (;;) {
    const fullness = await patience.ask(async () => lookAtFull(pool, { sourceId, caps: await keeper.current() }))
    onFull(fullness.full.map(({ queue }) => queue))
    if (fullness.full.length === 0 || isStopping()) {
      paused.onResumed('full')
      return fullness
    }
    paused.onPaused('full', fullLine(fullness.full))
    await Promise.race([clock.sleep(lookEveryMs), idle])
  }
}

/** What is taken ahead of being captured would come back to the source when there is no room for it, and some brokers drop what comes back too often. */
export function aheadWithin(
  { leftLetters, leftBytes }: Fullness,
  limits: BatchLimits,
): { messages: number; bytes: number } {
  const all = { messages: 3 * limits.maxLetters, bytes: 3 * limits.maxBytes }
  return {
    messages: leftLetters === null ? all.messages : Math.min(all.messages, Math.max(leastAhead, leftLetters)),
    bytes: leftBytes === null ? all.bytes : Math.min(all.bytes, Math.max(limits.maxBytes, leftBytes)),
  }
}

function fullLine(full: readonly QueueAtCap[]): string {
  const named = full.slice(0, 3).map((each) => `${each.queue} (${fillText(each, each.cap)})`)
  const more = full.length > named.length ? ` and ${full.length - named.length} more` : ''
  return `${named.join(', ')}${more} at the cap: letters stay at the source until there is room`
}
