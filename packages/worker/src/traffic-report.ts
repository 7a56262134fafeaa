import type { Tier } from './failure.ts'
import type { WorkerIdentity } from './wire.ts'

/** What became of the messages that one worker took from its queue in about a minute. */
export interface TrafficReport {
  /** UUID: a report that is delivered again counts once. */
  readonly id: string
  readonly queue: string
  readonly consumer: string
  readonly fromMs: number
  readonly toMs: number
  readonly handled: number
  /** Sent into a retry lane: the same message may be counted more than once. */
  readonly retried: number
  /** By the handler. */
  readonly discarded: number
  /** Acknowledged without a call, since they had been handled before. */
  readonly skipped: number
  /** Deaths by tier; tiers without any are left out. */
  readonly died: Readonly<Partial<Record<Tier, number>>>
  readonly worker: WorkerIdentity
}

/** Longer bodies are not written, and not read as a report. */
export const maxReportBytes: number = 48 * 1024

/**
 * The body of the message that goes to the receipts place. It is a receipt of a replay that nobody made, so that an office that does not know of traffic
 * takes it for that, and not for a letter.
 */
export function encodeTrafficReport(report: TrafficReport): string {
  const { id, worker, ...traffic } = report
  return JSON.stringify({
    replayId: id,
    letterId: '',
    result: 'handled',
    attempts: 0,
    atMs: report.toMs,
    worker,
    traffic: { v: 1, ...traffic },
  })
}
