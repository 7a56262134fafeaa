import { type Clock, systemClock } from '@redrive/worker'
import type { Store } from '../../store/store.ts'
import { followCauses } from './follow.ts'

const everyMs = 1_000
/** While there is more than one look reads. */
const moreMs = 100

/** Follows snoozed and fixed causes, each second, until it is stopped. A look that fails is told once and tried again. */
export function watchCauses(
  store: Store,
  options: { readonly tell: (line: string) => void; readonly clock?: Clock },
): { stop(): Promise<void> } {
  const { tell, clock = systemClock } = options
  const stopping = new AbortController()
  const loop = async (): Promise<void> => {
    let isTroubled = false
    while (!stopping.signal.aborted) {
      let hasMore = false
      try {
        ;({ hasMore } = await followCauses(store))
        isTroubled = false
      } catch (error) {
        if (!isTroubled) tell(`causes could not be followed: ${error instanceof Error ? error.message : String(error)}`)
        isTroubled = true
      }
      await clock.sleep(hasMore ? moreMs : everyMs, stopping.signal)
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
