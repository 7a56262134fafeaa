/** Time as a dependency, so that tests need no sleeps. */
export interface Clock {
  /** Epoch milliseconds, for what is written down. Jumps when somebody corrects the clock. */
  now(): number
  /** Milliseconds from some beginning, for how long something takes: no correction of the clock changes them. */
  monotonic(): number
  /** Resolves after `ms`; at once, without an error, when `signal` aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

const maxTimerMs = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep(ms, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const done = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, Math.min(Math.max(0, ms), maxTimerMs))
      signal?.addEventListener('abort', done, { once: true })
    })
  },
}
