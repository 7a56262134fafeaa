import { type Clock, systemClock } from '@redrive/worker'
import type { Finding } from '../doctor/index.ts'
import type { Store } from '../store/store.ts'
import { lastingFindings } from './conditions/lasting.ts'
import { minuteCounter } from './growth/count-minutes.ts'
import { type LookOptions, lookOnce } from './look.ts'
import { type ReadSource, silenceWatch } from './silence/silence-conditions.ts'

/** Causes and runs each second: somebody is to be told within five. Queues and findings change more slowly, and cost more to look at. */
const everyMs = 1_000
const queuesEveryMs = 10_000
const findingsEveryMs = 60_000
/** What takes long on this database is done less often. */
const restFactor = 10

export interface WatchAlertsOptions extends Pick<LookOptions, 'config' | 'officeUrl'> {
  readonly findings: () => Promise<readonly Finding[]>
  /** What is captured now. */
  readonly captures: () => readonly ReadSource[]
  /** Something is to be delivered. */
  readonly onWritten: () => void
  readonly tell: (line: string) => void
  readonly clock?: Clock
}

/** Looks for what somebody is to be told of, until it is stopped. A look that fails is told once and tried again. */
export function watchAlerts(store: Store, options: WatchAlertsOptions): { stop(): Promise<void> } {
  const { config, officeUrl, findings, onWritten, tell, clock = systemClock } = options
  const stopping = new AbortController()
  const minutes = minuteCounter()
  const lasting = lastingFindings(findings)
  const silence = { watch: silenceWatch(), captures: options.captures }
  // At the beginning nothing runs yet that could be in trouble.
  const due = { queuesMs: 0, findingsMs: clock.monotonic() + findingsEveryMs }

  const look = async (): Promise<void> => {
    const nowMs = clock.monotonic()
    const withQueues = nowMs >= due.queuesMs
    const withFindings = nowMs >= due.findingsMs
    const looked = await lookOnce(store, {
      config,
      officeUrl,
      ...(withQueues ? { minutes } : {}),
      ...(withFindings ? { findings: lasting, silence } : {}),
    })
    if (looked === null) return
    const tookMs = clock.monotonic() - nowMs
    if (withQueues) due.queuesMs = nowMs + Math.max(queuesEveryMs, restFactor * tookMs)
    if (withFindings) due.findingsMs = nowMs + Math.max(findingsEveryMs, restFactor * tookMs)
    if (looked.notifications > 0) onWritten()
  }

  const loop = async (): Promise<void> => {
    let isTroubled = false
    while (!stopping.signal.aborted) {
      const startedMs = clock.monotonic()
      try {
        await look()
        isTroubled = false
      } catch (error) {
        if (!isTroubled)
          tell(`alerts could not be looked for: ${error instanceof Error ? error.message : String(error)}`)
        isTroubled = true
      }
      const tookMs = clock.monotonic() - startedMs
      await clock.sleep(Math.max(everyMs - tookMs, tookMs), stopping.signal)
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
