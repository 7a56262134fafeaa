import { type Clock, systemClock } from '@redrive/worker'
import { checkLedger, type LedgerReport } from './ledger/index.ts'
import type { Store } from './store/store.ts'

/**
 * The books, counted at start, each minute and when somebody asks; read entry by entry at start and each day, and else as they were added up. Where
 * a count takes longer than three seconds, the next one waits twenty times as long: it reads each letter's row, and must not be what a store is busy with.
 */
export interface Books {
  /** A check that is no older than twenty times what it took: at a million letters a few seconds, else milliseconds. */
  latest(): Promise<LedgerReport>
  /** The last check that is done, mostly of the last minute; waits for the first. */
  recent(): Promise<LedgerReport>
  stop(): Promise<void>
}

/** What does not balance is told each minute until it does. */
export function watchBooks(store: Store, tell: (line: string) => void, clock: Clock = systemClock): Books {
  const stopping = new AbortController()
  let wholeAtMs = Number.NEGATIVE_INFINITY
  let done: LedgerReport | undefined
  let last: { readonly report: Promise<LedgerReport>; untilMs: number } | undefined

  const check = (): Promise<LedgerReport> => {
    const startedMs = clock.monotonic()
    const isWhole = startedMs - wholeAtMs >= wholeEveryMs
    const entry = { report: checkLedger(store, { isWhole }), untilMs: Number.POSITIVE_INFINITY }
    last = entry
    entry.report.then(
      (report) => {
        done = report
        if (isWhole) wholeAtMs = startedMs
        entry.untilMs = clock.monotonic() + maxAgeFactor * (clock.monotonic() - startedMs)
      },
      () => {
        entry.untilMs = 0
      },
    )
    return entry.report
  }

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const startedMs = clock.monotonic()
      try {
        const { unaccounted } = await check()
        if (unaccounted !== 0)
          tell(`THE BOOKS DO NOT BALANCE: ${unaccounted} letters are unaccounted for. See: redrive ledger`)
      } catch (error) {
        tell(`the books could not be checked: ${error instanceof Error ? error.message : String(error)}`)
      }
      const tookMs = clock.monotonic() - startedMs
      await clock.sleep(Math.max(60_000, maxAgeFactor * tookMs), stopping.signal)
    }
  }

  const running = loop()
  return {
    recent: async () => done ?? (await last?.report) ?? check(),
    latest: () => (last !== undefined && clock.monotonic() < last.untilMs ? last.report : check()),
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

const maxAgeFactor = 20
const wholeEveryMs = 86_400_000
