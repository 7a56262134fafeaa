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
