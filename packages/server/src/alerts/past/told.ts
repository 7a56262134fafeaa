import type { Notice } from '../notice.ts'

/** Something that would have been said to somebody. */
export interface Saying {
  readonly atMs: number
  /** Later in a quiet time. */
  readonly toldMs: number
  /** The same for a whole conversation. */
  readonly alert: string
  readonly notifier: string
  readonly change: Notice['change']
  readonly rule: Notice['rule']
  readonly urgency: Notice['urgency']
  readonly queue: string | null
  /** As people see it. */
  readonly cause: string | null
  readonly title: string
}

/**
 * What is delivered of it by the end of a time, as `delivery/outbox.ts` does it: what follows something of its alert that waits for the end of a quiet time
 * waits too, what was over before it was told is told to nobody, and what only repeats what still waits is not said.
 */
export function told(sayings: readonly Saying[], toMs: number): readonly Saying[] {
  const kept = [...Map.groupBy(sayings, ({ alert, notifier }) => `${alert} ${notifier}`).values()].flatMap((of) => {
    const waiting: Saying[] = []
    const delivered: Saying[] = []
    for (const saying of of) {
      const isHeld = ({ toldMs }: Saying): boolean => toldMs > saying.atMs
      delivered.push(...waiting.filter((each) => !isHeld(each)))
      waiting.splice(0, waiting.length, ...waiting.filter(isHeld))
      const isRepeat = saying.change === 'repeated' && saying.rule !== 'storm'
      if (isRepeat && waiting.some(({ change }) => change === 'raised' || change === 'repeated')) continue
      if (saying.change === 'resolved' && waiting.length > 0 && delivered.length === 0) return []
      waiting.push({ ...saying, toldMs: Math.max(saying.toldMs, ...waiting.map(({ toldMs }) => toldMs)) })
    }
    return [...delivered, ...waiting]
  })
  return kept.filter(({ toldMs }) => toldMs <= toMs).toSorted((a, b) => a.toldMs - b.toldMs || a.atMs - b.atMs)
}
