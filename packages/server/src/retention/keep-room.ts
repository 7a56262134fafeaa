import type { Clock } from '@redrive/worker'
import type { ArchivePlace } from '../archive/index.ts'
import type { CapPolicy } from '../config/index.ts'
import type { Store } from '../store/store.ts'
import { aloneInRetention } from './lock.ts'
import { crowdedQueues, makeRoom } from './make-room.ts'

/** Where no letter could be archived, the next try: it reads the queue's letters. */
const restMs = 600_000

export interface RoomOptions {
  readonly most: CapPolicy
  readonly place: ArchivePlace | null
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly tell: (line: string) => void
}

/** Makes room in queues that are nearly full and say `archive`. */
export function keepRoom(store: Store, options: RoomOptions): { look(): Promise<void> } {
  const { most, clock, tell, signal } = options
  const rests = new Map<number, number>()
  let isTroubled = false

  const look = async (): Promise<void> => {
    const crowded = await crowdedQueues(store, most)
    await forget(store, new Set(crowded.map(({ queueId }) => queueId)))
    const isDue = ({ queueId }: { readonly queueId: number }): boolean => clock.monotonic() >= (rests.get(queueId) ?? 0)
    if (!crowded.some(isDue)) return
    await aloneInRetention(store, async () => {
      // Another office may have made room just now.
      for (const queue of (await crowdedQueues(store, most)).filter(isDue)) {
        if (signal.aborted) return
        rests.set(queue.queueId, clock.monotonic() + restMs)
        const archived = await makeRoom(store, queue, options)
        if (archived === 0) continue
        rests.delete(queue.queueId)
        tell(`${queue.queue} was nearly full: ${archived.toLocaleString('en-US')} of its oldest letters were archived`)
      }
    })
  }
  return {
    async look() {
      try {
        await look()
        isTroubled = false
      } catch (error) {
        if (!isTroubled)
          tell(
            `no room could be made in a queue that is nearly full: ${error instanceof Error ? error.message : error}`,
          )
        isTroubled = true
      }
    },
  }
}

/** What failed in queues that have room again, or are not to be archived any more, is no trouble any more. */
async function forget(store: Store, crowded: ReadonlySet<number>): Promise<void> {
  await store.pool.query(
    `update retention_pass set state = 'done' where state = 'failed' and queue_id is not null and not queue_id = any($1::int[])`,
    [[...crowded]],
  )
}
