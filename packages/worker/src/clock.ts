/** Time as a dependency, so that tests need no sleeps. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /** Resolves after `ms`; at once, without an error, when `signal` aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

const maxTimerMs = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
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
