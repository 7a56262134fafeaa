import type { Tier } from '@redrive/worker'
import type { QueuePicture } from '../conditions/queue-conditions.ts'
import type { Past } from './read-past.ts'
import { minuteMs, type Span } from './span.ts'

export interface QueuePictures {
  /** Goes on to the end of a minute. */
  pass(minute: number): void
  /** Queues with open letters. */
  queues(): readonly QueuePicture[]
}

/** Queues as they were: open letters by the books, those of a tier and the oldest by when letters came and ended. */
export function queuePictures({ queues, spans, causes }: Past, fromMinute: number): QueuePictures {
  const ofQueue = Map.groupBy(spans, ({ queueId }) => queueId)
  const states = queues.map((queue) => {
    const own = ofQueue.get(queue.id) ?? []
    const tierOf = ({ cause }: Span): Tier => causes.get(cause)?.tier ?? 'unknown'
    return { queue, open: queue.open, oldest: oldestFirst(own), waiting: waitingByTier(own, { tierOf, fromMinute }) }
  })
  return {
    pass(minute) {
      for (const state of states) {
        state.oldest.pass(minute)
        state.waiting.pass(minute)
        if (minute >= fromMinute) state.open += state.queue.changes.get(minute) ?? 0
      }
    },
    queues: () =>
      states.flatMap(({ queue: { name, owner, runbook }, open, oldest, waiting }) =>
        open > 0 ? [{ name, owner, runbook, open, openOf: waiting.letters, oldestMs: oldest.ms() }] : [],
      ),
  }
}

function waitingByTier(
  spans: readonly Span[],
  { tierOf, fromMinute }: { readonly tierOf: (span: Span) => Tier; readonly fromMinute: number },
): { pass(minute: number): void; readonly letters: Readonly<Partial<Record<Tier, number>>> } {
  const cameIn = Map.groupBy(spans, ({ came }) => Math.max(came, fromMinute - 1))
  const endedIn = Map.groupBy(spans, ({ ended }) => ended)
  const letters: Partial<Record<Tier, number>> = {}
  const add = (span: Span, sign: 1 | -1): void => {
    const tier = tierOf(span)
    letters[tier] = (letters[tier] ?? 0) + sign * span.letters
  }
  return {
    letters,
    pass(minute) {
      for (const span of cameIn.get(minute) ?? []) add(span, 1)
      for (const span of endedIn.get(minute) ?? []) add(span, -1)
    },
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
