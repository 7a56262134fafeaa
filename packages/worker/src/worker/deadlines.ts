import type { Clock } from '../clock.ts'
import { chain, type Linked } from './chain.ts'

/** Something that ends at a time unless it is over before. */
export interface Expiring {
  /** Epoch milliseconds; never earlier than of those watched before. */
  readonly deadline: number
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
}

export function deadlines<T extends Expiring & Linked<T>>(options: {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly expire: (item: T) => void
}): Deadlines<T> {
  const { clock, signal, expire } = options
  const items = chain<T>()
  let running = false

  const run = async (): Promise<void> => {
    running = true
    for (let { first } = items; first !== null && !signal.aborted; { first } = items) {
      const leftMs = first.deadline - clock.now()
      if (leftMs > 0) {
        await clock.sleep(leftMs, signal)
        continue
      }
      items.remove(first)
      expire(first)
    }
    running = false
  }
  return {
    watch(item) {
      items.push(item)
      if (!running) void run()
    },
    unwatch: (item) => items.remove(item),
    watched: () => items.items(),
  }
}
