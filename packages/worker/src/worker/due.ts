import type { Clock } from '../clock.ts'
import { heap } from '../heap.ts'
import type { Task } from './task.ts'

/** What was read ahead from lanes, by the time it is due. */
export interface Due {
  readonly waiting: number
  add(task: Task, waitMs: number): void
  /** Forgets tasks whose partition is lost. */
  dropLost(): void
  /** Hands back everything that still waits. */
  drain(): readonly Task[]
}

interface Waiting {
  readonly task: Task
  /** By the monotonic clock. */
  readonly dueAtMs: number
}

/** @param options.start called when a task is due */
export function due(options: {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly start: (task: Task) => void
}): Due {
  const { clock, signal, start } = options
  const waiting = heap<Waiting>((a, b) => a.dueAtMs - b.dueAtMs)
  let sleeping: { readonly untilMs: number; readonly wake: AbortController } | null = null
  let running = false
  signal.addEventListener('abort', () => sleeping?.wake.abort())

  const run = async (): Promise<void> => {
    running = true
    for (let first = waiting.peek(); first !== undefined && !signal.aborted; first = waiting.peek()) {
      const leftMs = first.dueAtMs - clock.monotonic()
      if (leftMs > 0) {
        const wake = new AbortController()
        sleeping = { untilMs: first.dueAtMs, wake }
        await clock.sleep(leftMs, wake.signal)
        sleeping = null
        continue
      }
      waiting.pop()
      start(first.task)
    }
    running = false
  }
  return {
    get waiting() {
      return waiting.size
    },
    add(task, waitMs) {
      const dueAtMs = clock.monotonic() + waitMs
      waiting.push({ task, dueAtMs })
      if (!running) void run()
      else if (sleeping !== null && dueAtMs < sleeping.untilMs) sleeping.wake.abort()
    },
    dropLost() {
      waiting.remove(({ task }) => task.lost)
    },
    drain: () => waiting.remove(() => true).map(({ task }) => task),
  }
}
