import type { ReceiveOptions } from '../../broker.ts'
import type { Clock } from '../../clock.ts'
import type { ClientDriver, ConsumerDriver, Marks } from './driver.ts'
import { PartitionState } from './partition-state.ts'

const retryMs = 250

export interface Assignment {
  readonly added: readonly PartitionState[]
  readonly gone: readonly PartitionState[]
}

/**
 * What changes with a new assignment. Partitions that stay keep their position and what is in hand, so that a rebalance
 * delivers nothing twice, unless their commit went beyond our watermark: then they were somebody else's in the meantime.
 * Tries until it succeeds or is stale (`undefined`).
 */
export async function assignment(options: {
  readonly client: ClientDriver
  readonly driver: ConsumerDriver
  readonly topic: string
  readonly receive: ReceiveOptions
  readonly clock: Clock
  readonly partitions: readonly number[]
  readonly current: ReadonlyMap<number, PartitionState>
  readonly isStale: () => boolean
  readonly onTrouble: (message: string) => void
}): Promise<Assignment | undefined> {
  const { partitions, current, isStale } = options
  while (!isStale()) {
    try {
      const marks = partitions.length === 0 ? new Map<number, Marks>() : await options.driver.marks(partitions)
      const kept = partitions.filter((partition) => {
        const state = current.get(partition)
        return state !== undefined && (marks.get(partition)?.committed ?? 0n) <= state.watermark()
      })
      const added = partitions.filter((partition) => !kept.includes(partition))
      const states = await starts(options, added, marks)
      if (isStale()) return undefined
      return { added: states, gone: [...current.values()].filter((state) => !kept.includes(state.number)) }
    } catch (error) {
      if (isStale()) return undefined
      options.onTrouble(`positions of ${options.topic} could not be read, trying again: ${String(error)}`)
      await options.clock.sleep(retryMs)
    }
  }
  return undefined
}

/** Where to start: the caller's own position, our group's commit, the commit of a group named like the consumer, or `from`. */
async function starts(
  {
    client,
    topic,
    receive,
  }: { readonly client: ClientDriver; readonly topic: string; readonly receive: ReceiveOptions },
  partitions: readonly number[],
  marks: ReadonlyMap<number, Marks>,
): Promise<readonly PartitionState[]> {
  if (partitions.length === 0) return []
  const own = await receive.positions?.load(topic, partitions.map(String))
  const known = (partition: number): bigint | null =>
    own?.get(String(partition)) ?? marks.get(partition)?.committed ?? null
  const unknown = partitions.some((partition) => known(partition) === null)
  const adopted = unknown ? await client.committed(receive.consumer, topic) : new Map<number, bigint>()
  const missing = partitions.some((partition) => known(partition) === null && !adopted.has(partition))
  const edges = missing ? await client.offsets(topic, receive.from ?? 'earliest') : new Map<number, bigint>()
  return partitions.map((partition) => {
    const { committed = null, started = null } = marks.get(partition) ?? {}
    const next = known(partition) ?? adopted.get(partition) ?? edges.get(partition) ?? 0n
    return new PartitionState(
      { topic, partition },
      { next, committed, started, keepsMarks: receive.positions === undefined },
    )
  })
}
