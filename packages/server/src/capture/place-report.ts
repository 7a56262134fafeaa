import type { TrafficReport } from '@redrive/worker'
import type { Redactor } from '../masking/index.ts'
import type { Queue, QueueKey } from '../store/queues.ts'
import type { PlacedReport } from '../store/traffic.ts'
import type { QueueRegistry } from './queue-registry.ts'
import { redactSamples } from './redact-samples.ts'

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
  redactorOf,
}: {
  readonly queues: QueueRegistry
  readonly keyOf: (place: string) => QueueKey
  readonly patiently: <T>(ask: () => Promise<T>) => Promise<T>
  /** What is never kept of messages of a queue, by its names. */
  readonly redactorOf: (names: readonly string[]) => Redactor | null
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
      if (queue === undefined) return null
      const redactor = redactorOf([queue.name, report.queue])
      const kept = redactor === null ? report : { ...report, samples: redactSamples(report.samples, redactor) }
      return { queueId: queue.id, consumer: consumerOf(queue, report.consumer), report: kept }
    },
  }
}
