import { setTimeout as sleep } from 'node:timers/promises'

/** The first answer that is no error, asked for five times a second. */
export async function until<T>(what: string, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  const untilMs = performance.now() + timeoutMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (performance.now() > untilMs) throw new Error(`${what}: not within ${timeoutMs / 1_000} s (${String(error)})`)
      await sleep(200)
    }
  }
}

/** @throws with what `why` says after 20 s */
export async function within(isTrue: () => boolean | Promise<boolean>, why: () => string): Promise<void> {
  for (const endsAt = performance.now() + 20_000; !(await isTrue()); await sleep(3))
    if (performance.now() > endsAt) throw new Error(why())
}
