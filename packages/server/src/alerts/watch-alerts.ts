import { type Clock, systemClock } from '@redrive/worker'
import type { Finding } from '../doctor/index.ts'
import { reasonOf } from '../reason-of.ts'
import type { Store } from '../store/store.ts'
import { examinationOf } from './conditions/examination.ts'
import { lastingFindings } from './conditions/lasting.ts'
import { minuteCounter } from './growth/count-minutes.ts'
import { type LookOptions, lookOnce } from './look.ts'
import { type ReadSource, silenceWatch } from './silence/silence-conditions.ts'

/** Causes and runs each second: somebody is to be told within five. Queues and findings change more slowly, and cost more to look at. */
const everyMs = 1_000
const queuesEveryMs = 10_000
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

/**
 * Looks for what somebody is to be told of, until it is stopped. What fails is told once and tried again. Causes and runs wait for nothing else:
 * queues and findings read tables that somebody may hold for long, a migration or a backup.
 */
export function watchAlerts(
  store: Store,
  options: WatchAlertsOptions,
): { stop(): Promise<void> /** Since causes were looked at the last time. */; lookedAgoMs(): number } {
  const { config, officeUrl, findings, onWritten, tell, clock = systemClock } = options
  const stopping = new AbortController()
  const minutes = minuteCounter()
  const silence = { watch: silenceWatch(), captures: options.captures }
  const examination = examinationOf(lastingFindings(findings), clock)
  let queuesMs = 0
  let lookedMs = clock.monotonic()

  const look = async (what: Pick<LookOptions, 'minutes' | 'findings' | 'silence'> = {}): Promise<boolean> => {
    const looked = await lookOnce(store, { config, officeUrl, ...what })
    if (looked !== null && looked.notifications > 0) onWritten()
    return looked !== null
  }
  const lookAtCauses = async (): Promise<boolean> => {
    // Where another office has the turn, that one looks.
    await look()
    lookedMs = clock.monotonic()
    return true
  }
  const lookAtQueues = async (): Promise<boolean> => {
    const nowMs = clock.monotonic()
    if (nowMs < queuesMs) return false
    try {
      const isDone = await look({ minutes })
      if (isDone) queuesMs = nowMs + queuesEveryMs
      return isDone
    } finally {
      queuesMs = Math.max(queuesMs, nowMs + restFactor * (clock.monotonic() - nowMs))
    }
  }
  const lookAtFindings = async (): Promise<boolean> => {
    const found = examination.take()
    if (found === null) return false
    const isDone = await look({ findings: found, silence })
    if (!isDone) examination.giveBack(found)
    return isDone
  }

  const loop = async (): Promise<void> => {
    const troubled = new Set<string>()
    const attempt = async (what: string, work: () => Promise<boolean>): Promise<void> => {
      try {
        if (await work()) troubled.delete(what)
      } catch (error) {
        if (!troubled.has(what)) tell(`alerts${what} could not be looked for: ${reasonOf(error)}`)
        troubled.add(what)
      }
    }
    while (!stopping.signal.aborted) {
      const startedMs = clock.monotonic()
      await attempt('', lookAtCauses)
      await attempt(' about queues', lookAtQueues)
      await attempt(' about what the doctor finds', lookAtFindings)
      const tookMs = clock.monotonic() - startedMs
      await clock.sleep(Math.max(everyMs - tookMs, tookMs), stopping.signal)
    }
  }
  const running = loop()
  return {
    lookedAgoMs: () => clock.monotonic() - lookedMs,
    async stop() {
      stopping.abort()
      await running
    },
  }
}
