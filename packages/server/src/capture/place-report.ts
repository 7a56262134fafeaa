import type { TrafficReport } from '@redrive/worker'
import type { Queue, QueueKey } from '../store/queues.ts'
import type { PlacedReport } from '../store/traffic.ts'
import type { QueueRegistry } from './queue-registry.ts'

/** Who can write reports can make up consumers: beyond so many of a queue all others are one. */
const maxConsumers = 50
export const otherConsumers = '(others)'

export interface ReportPlacer {
  /** `null`: its queue is one too many, and is not watched. */
  place(report: TrafficReport): Promise<PlacedReport | null>
}

/** Says which queue and consumer a report counts for; a queue is made when the first worker names it, though nothing of it died yet. */
export function reportPlacer({
  queues,
  keyOf,
  patiently,
}: {
  readonly queues: QueueRegistry
  readonly keyOf: (place: string) => QueueKey
  readonly patiently: <T>(ask: () => Promise<T>) => Promise<T>
}): ReportPlacer {
  const consumers = new Map<number, Set<string>>()

  function consumerOf({ id }: Queue, consumer: string): string {
    const known = consumers.get(id) ?? new Set()
    consumers.set(id, known)
    if (known.has(consumer)) return consumer
    if (known.size >= maxConsumers) return otherConsumers
    known.add(consumer)
    return consumer
  }

  return {
    async place(report) {
      const key = keyOf(report.queue)
      if (queues.known(key) === undefined) await patiently(() => queues.make(key))
      // Unknown still: it would share the queue of the place it came from.
      const queue = queues.known(key)
      return queue === undefined ? null : { queueId: queue.id, consumer: consumerOf(queue, report.consumer), report }
    },
  }
}
