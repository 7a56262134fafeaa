import type { Clock } from '../clock.ts'
import { chain, type Linked } from './chain.ts'

/** Something that ends at a time unless it is over before. */
export interface Expiring {
  /** By the monotonic clock; 0: nobody has looked yet. Only `Deadlines` writes here. */
  endsAtMs: number
}

/**
 * One timer for all running attempts. All of them get the same time, so they expire in the order they began, and a timer for each
 * would cost more than most handlers do.
 */
export interface Deadlines<T> {
  watch(item: T): void
  /** Calls it off; `false`: it was not watched any more. */
  unwatch(item: T): boolean
  watched(): T[]
  /** When it ends, in epoch milliseconds; of one that is not watched, from when this is first asked. */
  deadlineOf(item: T): number
}

/** @param options.timeoutMs how long each has */
export function deadlines<T extends Expiring & Linked<T>>(options: {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly expire: (item: T) => void
}): Deadlines<T> {
  const { clock, timeoutMs, signal, expire } = options
  const items = chain<T>()
  let running = false
  let beginning = false
  /** The first whose time does not run yet, and all after it. */
  let undated: T | null = null

  /** One look at the clock for all that began together, after them: each has its whole time, and most are over before that. */
  const date = (): void => {
    if (undated === null) return
    const endsAtMs = clock.monotonic() + timeoutMs
    for (let item: T | null = undated; item !== null; item = item.after) item.endsAtMs = endsAtMs
    undated = null
  }
  const run = async (): Promise<void> => {
    running = true
    for (;;) {
      date()
      const { first } = items
      if (first === null || signal.aborted) break
      const leftMs = first.endsAtMs - clock.monotonic()
      if (leftMs > 0) {
        await clock.sleep(leftMs, signal)
        continue
      }
      items.remove(first)
      expire(first)
    }
    running = false
  }
  const begin = (): void => {
    beginning = false
    if (running) date()
    else void run()
  }
  return {
    watch(item) {
      items.push(item)
      if (item.endsAtMs === 0) undated ??= item
      if (beginning || (running && undated === null)) return
      beginning = true
      queueMicrotask(begin)
    },
    unwatch(item) {
      if (item.endsAtMs === 0) date()
      return items.remove(item)
    },
    watched: () => items.items(),
    deadlineOf(item) {
      if (item.endsAtMs === 0) date()
      // Not watched yet, since it is only beginning.
      if (item.endsAtMs === 0) item.endsAtMs = clock.monotonic() + timeoutMs
      return Math.round(clock.now() + item.endsAtMs - clock.monotonic())
    },
  }
}
