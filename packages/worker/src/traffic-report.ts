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
  /** Some of the messages that were handled; each had the same chance to be one of them. */
  readonly samples: readonly MessageSample[]
}

/** What is told of a message that was handled. */
export interface MessageSample {
  /** Where it first came from. */
  readonly partition: string | null
  /** Names of its headers, and values (`null`: it has none) of those that were chosen; `null`: there are too many. */
  readonly headers: readonly (readonly [name: string] | readonly [name: string, value: string | null])[] | null
  /** `null`: it is not told. */
  readonly body: string | null
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
