import type { Delivery, PositionStore } from '@redrive/worker'
import type pg from 'pg'
import { loadPositions, type PositionMove } from '../store/sources.ts'
import type { Batch } from './batch.ts'

/** How far a source was read: by committed transactions, and by batches that are still on their way. */
export interface Positions {
  /** For the adapter: where to go on. */
  readonly store: PositionStore
  /** The delivery's position was read before. */
  isBehind(delivery: Delivery): boolean
  /** The delivery is in a batch. */
  passed(delivery: Delivery): void
  /** What a transaction has to move. */
  moves(batch: Batch): Promise<readonly PositionMove[]>
  committed(moves: readonly PositionMove[]): void
  /** Forgets everything: the next subscription starts from what the database holds. */
  reset(): void
}

export function createPositions(pool: pg.Pool, sourceId: number): Positions {
  const committed = new Map<string, bigint | null>()
  const ahead = new Map<string, bigint>()
  /** Deliveries in batches that are not committed: they will be, or everything is reset. */
  const underWay = new Map<string, number>()

  async function load(partitions: readonly string[]): Promise<Map<string, bigint | null>> {
    const loaded = await loadPositions(pool, sourceId, partitions)
    for (const [partition, next] of loaded) {
      committed.set(partition, next)
      const own = (underWay.get(partition) ?? 0) > 0 ? ahead.get(partition) : undefined
      const start = own !== undefined && own > (next ?? -1n) ? own : next
      loaded.set(partition, start)
      if (start === null) ahead.delete(partition)
      else ahead.set(partition, start)
    }
    return loaded
  }

  return {
    store: {
      async load(_place, partitions) {
        const known = new Map<string, bigint>()
        for (const [partition, next] of await load(partitions)) if (next !== null) known.set(partition, next)
        return known
      },
    },
    isBehind: ({ partition, position }) => position !== null && position < (ahead.get(partition) ?? -1n),
    passed({ partition, position }) {
      if (position === null) return
      ahead.set(partition, position + 1n)
      underWay.set(partition, (underWay.get(partition) ?? 0) + 1)
    },
    async moves(batch) {
      const unknown = [...batch.partitions.keys()].filter((partition) => !committed.has(partition))
      if (unknown.length > 0) {
        for (const [partition, next] of await loadPositions(pool, sourceId, unknown)) committed.set(partition, next)
      }
      return [...batch.partitions].map(([partition, count]) => ({
        ...count,
        partition,
        was: committed.get(partition) ?? null,
      }))
    },
    committed(moves) {
      for (const { partition, next, letters, duplicates, receipts } of moves) {
        committed.set(partition, next)
        underWay.set(partition, Math.max(0, (underWay.get(partition) ?? 0) - letters - duplicates - receipts))
      }
    },
    reset() {
      committed.clear()
      ahead.clear()
      underWay.clear()
    },
  }
}
