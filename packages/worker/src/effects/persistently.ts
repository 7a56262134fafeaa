import type { Clock } from '../clock.ts'

const firstWaitMs = 100

/** A step that may be repeated, again after 0.1 and 0.4 s: a connection that was just lost is no reason to not know. */
export async function persistently<T>(
  step: () => Promise<T>,
  { clock, tries }: { readonly clock: Clock; readonly tries: number },
): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await step()
    } catch (error) {
      if (tried >= tries) throw error
      await clock.sleep(firstWaitMs * 4 ** (tried - 1))
    }
  }
}
