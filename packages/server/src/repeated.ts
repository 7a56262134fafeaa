import { type Clock, systemClock } from '@redrive/worker'

export interface RepeatedOptions {
  /** Before the first time. @default 0 */
  readonly firstMs?: number
  /** Between the end of one and the beginning of the next. */
  readonly everyMs: number
  /** What is told when it fails, before why. */
  readonly problem: string
  readonly tell: (line: string) => void
  readonly clock?: Clock
}

/** Does `work` again and again, until it is stopped. That it fails is told once, and it is tried again. */
export function repeated(
  work: (signal: AbortSignal) => Promise<void>,
  { firstMs = 0, everyMs, problem, tell, clock = systemClock }: RepeatedOptions,
): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const { signal } = stopping
  const loop = async (): Promise<void> => {
    let isTroubled = false
    if (firstMs > 0) await clock.sleep(firstMs, signal)
    while (!signal.aborted) {
      try {
        await work(signal)
        isTroubled = false
      } catch (error) {
        if (!isTroubled) tell(`${problem}: ${error instanceof Error ? error.message : String(error)}`)
        isTroubled = true
      }
      await clock.sleep(everyMs, signal)
    }
  }
  const running = loop()
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}
