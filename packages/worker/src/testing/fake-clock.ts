import type { Clock } from '../clock.ts'
import { heap } from '../heap.ts'

/** Time that passes only when told to. */
export interface FakeClock extends Clock {
  /** Lets time pass: everything due on the way runs in order, each with the work it sets off, before this resolves. */
  advance(ms: number): Promise<void>
  /** Lets everything run that needs no time. */
  settle(): Promise<void>
  /** Somebody corrects the clock: other times are written down from now on, and nothing takes longer or shorter. */
  jump(ms: number): void
}

interface Sleeper {
  readonly atMs: number
  readonly wake: () => void
}

/** @param startMs epoch milliseconds @default 1_700_000_000_000 */
export function fakeClock(startMs: number = 1_700_000_000_000): FakeClock {
  const sleepers = heap<Sleeper>((a, b) => a.atMs - b.atMs)
  const gone = new WeakSet<Sleeper>()
  let nowMs = startMs
  let jumpedMs = 0

  return {
    now: () => nowMs + jumpedMs,
    monotonic: () => nowMs,
    sleep(ms, signal) {
      return new Promise((resolve) => {
        if (signal?.aborted) return resolve()
        const done = (): void => {
          gone.add(sleeper)
          signal?.removeEventListener('abort', done)
          resolve()
        }
        const sleeper: Sleeper = { atMs: nowMs + Math.max(0, ms), wake: done }
        signal?.addEventListener('abort', done, { once: true })
        sleepers.push(sleeper)
      })
    },
    async advance(ms) {
      const untilMs = nowMs + ms
      await turn()
      for (let first = sleepers.peek(); first !== undefined && first.atMs <= untilMs; first = sleepers.peek()) {
        sleepers.pop()
        if (gone.has(first)) continue
        nowMs = Math.max(nowMs, first.atMs)
        first.wake()
        await turn()
      }
      nowMs = untilMs
      await turn()
    },
    settle: turn,
    jump(ms) {
      jumpedMs += ms
    },
  }
}

/** Every chain of promises has run to its end when the event loop comes round. */
async function turn(): Promise<void> {
  for (let round = 0; round < 3; round++) await new Promise((resolve) => setImmediate(resolve))
}
