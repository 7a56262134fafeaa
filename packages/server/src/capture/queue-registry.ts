import type pg from 'pg'
import { storableText } from '../store/copy-binary.ts'
import { ensureQueue, type Queue, type QueueKey } from '../store/queues.ts'

/** Queues of this process's letters by place, made when a first letter names them. */
export interface QueueRegistry {
  /** The queue of a place seen before. */
  known(key: QueueKey): Queue | undefined
  make(key: QueueKey): Promise<Queue>
}

/**
 * A place is what a letter says it is, so anybody who can write dead letters can invent places: beyond `maxQueues` all further ones share
 * the queue of the dead-letter place itself.
 * @param options.fallback the dead-letter place
 */
export function createQueueRegistry(
  pool: pg.Pool,
  options: { readonly fallback: string; readonly maxQueues?: number },
): QueueRegistry {
  const queues = new Map<string, Queue>()
  const maxQueues = options.maxQueues ?? 1_000

  const at = ({ broker, place }: QueueKey): string => `${broker}\n${place}`

  return {
    known: (key) => queues.get(at(key)),
    async make(key) {
      const full = queues.size >= maxQueues
      const queue = await ensureQueue(pool, { ...key, place: full ? options.fallback : storableText(key.place) })
      if (!full) queues.set(at(key), queue)
      return queue
    },
  }
}
