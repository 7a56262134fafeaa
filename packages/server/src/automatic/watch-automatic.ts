import { type Clock, systemClock } from '@redrive/worker'
import { repeated } from '../repeated.ts'
import type { Store } from '../store/store.ts'
import { askHealth } from './ask-health.ts'
import { type LookOptions, lookOnce } from './look.ts'

const defaultEveryMs = 10_000

export interface WatchAutomaticOptions extends Pick<LookOptions, 'tiers' | 'brokers'> {
  readonly tell: (line: string) => void
  /** A run was started: look now. */
  readonly onStarted: () => void
  readonly clock?: Clock
  /** @default 10,000 */
  readonly everyMs?: number
}

/** Sends again what policies say, until it is stopped. */
export function watchAutomatic(
  store: Store,
  { tell, onStarted, clock = systemClock, everyMs = defaultEveryMs, ...options }: WatchAutomaticOptions,
): { stop(): Promise<void> } {
  const look = async (signal: AbortSignal): Promise<void> => {
    const ask = (url: string) => askHealth(url, signal)
    const { settled, started } = await lookOnce(store, { ...options, ask, signal })
    for (const { run, verdict, why } of settled) tell(`automatic replay ${run}: ${verdict}: ${why}`)
    for (const { run, queue, tier } of started) tell(`automatic replay ${run}: started for ${queue}, ${tier}`)
    if (started.length > 0) onStarted()
  }
  return repeated(look, { everyMs, problem: 'automatic replays could not be looked at', tell, clock })
}
