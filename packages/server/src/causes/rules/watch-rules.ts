import { type Clock, systemClock } from '@redrive/worker'
import type { Store } from '../../store/store.ts'
import { createRegrouper } from './regroup.ts'

const everyMs = 1_000
/** Between two batches, so that captures and replays have their turn. */
const pauseMs = 5

/** Moves letters to where the rules want them, until it is stopped. Trouble is told once and tried again. */
export function watchRules(
  store: Store,
  options: { readonly tell: (line: string) => void; readonly clock?: Clock },
): { stop(): Promise<void> } {
  const { tell, clock = systemClock } = options
  const stopping = new AbortController()
  const regrouper = createRegrouper(store)
  const loop = async (): Promise<void> => {
    let isTroubled = false
    while (!stopping.signal.aborted) {
      let hasMore = false
      try {
        hasMore = (await regrouper.step()) === 'more'
        isTroubled = false
      } catch (error) {
        if (!isTroubled)
          tell(`letters could not be regrouped: ${error instanceof Error ? error.message : String(error)}`)
        isTroubled = true
      }
      await clock.sleep(hasMore ? pauseMs : everyMs, stopping.signal)
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
