import type { QueuePicture } from '../conditions/queue-conditions.ts'
import { minuteMs, type Past } from './read-past.ts'

export interface QueuePictures {
  /** Goes on to the end of a minute. */
  pass(minute: number): void
  /** Queues with open letters. */
  queues(): readonly QueuePicture[]
}

/** Queues as they were: open letters by the books, the oldest by when letters came and ended. */
export function queuePictures({ queues, spans }: Past, fromMinute: number): QueuePictures {
  const ofQueue = Map.groupBy(spans, ({ queueId }) => queueId)
  const states = queues.map((queue) => ({ queue, open: queue.open, oldest: oldestFirst(ofQueue.get(queue.id) ?? []) }))
  return {
    pass(minute) {
      for (const state of states) {
        state.oldest.pass(minute)
        if (minute >= fromMinute) state.open += state.queue.changes.get(minute) ?? 0
      }
    },
    queues: () =>
      states.flatMap(({ queue: { name, owner, runbook }, open, oldest }) =>
        // Of which tier they were the books do not say.
        open > 0 ? [{ name, owner, runbook, open: { unknown: open }, oldestMs: oldest.ms() }] : [],
      ),
  }
}

function oldestFirst(all: Past['spans']): { pass(minute: number): void; ms(): number | null } {
  const spans = all.toSorted((a, b) => a.came - b.came)
  let at = 0
  let now = 0
  return {
    pass: (minute) => {
      now = minute
    },
    ms() {
      // What has ended stays so: it is not looked at again.
      for (let span = spans[at]; span !== undefined && span.ended !== null && span.ended <= now; span = spans[at])
        at += 1
      const oldest = spans[at]
      return oldest === undefined || oldest.came > now ? null : oldest.came * minuteMs
    },
  }
}
