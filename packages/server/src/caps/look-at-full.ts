import type { Pool } from 'pg'
import { type CapPolicy, shareOf } from '../config/index.ts'
import { type KeptOfQueue, keptOf, setFull } from '../store/queue-kept.ts'
import type { CapsByQueue } from './read-caps.ts'

/** A queue that was full takes letters again below this share of its cap, so that its sources do not come and go with each letter. */
export const goesOnBelow = 0.95

export interface QueueAtCap extends KeptOfQueue {
  readonly cap: CapPolicy
}

export interface Fullness {
  /** Queues that take no more, by name. */
  readonly full: readonly QueueAtCap[]
  /** The least that one of the others takes before it is full; `null` where none has a cap of that kind. */
  readonly leftLetters: number | null
  readonly leftBytes: number | null
}

/** Which queues of a source are full, and marks those that have become it, or are not any more: by a cap that was changed, or by letters that went. */
export async function lookAtFull(
  pool: Pool,
  { sourceId, caps }: { readonly sourceId: number; readonly caps: CapsByQueue },
): Promise<Fullness> {
  const kept = (await keptOf(pool, { sourceId })).map((each) => ({ ...each, cap: caps(each.queue) }))
  const full = kept.filter(isFull)
  await setFull(pool, {
    full: full.filter(({ fullSince }) => fullSince === null).map(({ queueId }) => queueId),
    free: kept.filter((each) => each.fullSince !== null && !isFull(each)).map(({ queueId }) => queueId),
  })
  return {
    full,
    leftLetters: least(kept.map(({ letters, cap }) => (cap.letters === null ? null : cap.letters - letters))),
    leftBytes: least(kept.map(({ bytes, cap }) => (cap.bytes === null ? null : cap.bytes - bytes))),
  }
}

/** It has come to its cap, or had and has not enough room yet. */
export function isFull(queue: QueueAtCap): boolean {
  return shareOf(queue, queue.cap) >= (queue.fullSince === null ? 1 : goesOnBelow)
}

function least(left: readonly (number | null)[]): number | null {
  const known = left.filter((each) => each !== null)
  return known.length === 0 ? null : Math.max(0, Math.min(...known))
}
