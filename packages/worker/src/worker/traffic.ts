import { randomUUID } from 'node:crypto'
import type { Broker, Outgoing } from '../broker.ts'
import type { Clock } from '../clock.ts'
import { type Tier, tiers } from '../failure.ts'
import { encodeTrafficReport, type TrafficReport } from '../traffic-report.ts'
import type { WorkerIdentity } from '../wire.ts'
import type { Emitter } from './events.ts'
import type { Counters } from './health.ts'
import { type Samples, samplesOf } from './samples.ts'
import type { TrafficSettings } from './traffic-options.ts'

/** Tells the office each minute how many messages were handled and died. Best effort: nothing waits for it, and nothing fails by it. */
export interface Traffic {
  /** Since the worker was made. */
  readonly died: Partial<Record<Tier, number>>
  /** `null`: nothing is told of single messages. */
  readonly samples: Samples | null
  /** Reports each minute until the worker stops. Never rejects. */
  run(): Promise<void>
  /** Reports what is left. Never rejects. */
  close(): Promise<void>
}

export interface TrafficContext extends TrafficSettings {
  readonly broker: Broker
  /** The receipts place. */
  readonly place: string
  readonly queue: string
  readonly consumer: string
  readonly identity: WorkerIdentity
  readonly clock: Clock
  readonly counters: Counters
  readonly events: Emitter
  readonly stopping: AbortSignal
}

const everyMs = 60_000
/** Reports that could not be sent yet; beyond, the oldest is given up. */
const mostWaiting = 10
/** So often it is asked whether anybody reads there. */
const lookEvery = 10
/** More than that waits only where no office reads. */
const mostUnread = 10_000

const encoder = new TextEncoder()

type Deaths = Readonly<Partial<Record<Tier, number>>>

export function trafficOf(context: TrafficContext): Traffic {
  const { broker, place, queue, consumer, identity, clock, counters, events, stopping } = context
  const died: Partial<Record<Tier, number>> = {}
  const samples = context.samples === null ? null : samplesOf(context.samples)
  let fromMs = clock.now()
  let before: Counters = { ...counters }
  let diedBefore: Deaths = {}
  let waiting: Outgoing[] = []
  let sends = 0
  let isUnread = false
  let isTold = false
  let sending: Promise<void> | null = null

  const trouble = (message: string, cause?: unknown): void => {
    if (isTold) return
    isTold = true
    events.emit('trouble', () => ({ message: `traffic is not reported: ${message}`, place, cause }))
  }

  function take(): TrafficReport {
    const toMs = clock.now()
    const now = { ...counters }
    const report: TrafficReport = {
      id: randomUUID(),
      queue,
      consumer,
      fromMs: Math.min(fromMs, toMs),
      toMs,
      handled: now.handled - before.handled,
      retried: now.retried - before.retried,
      discarded: now.discarded - before.discarded,
      skipped: now.skipped - before.skipped,
      died: deathsSince(died, diedBefore),
      worker: identity,
      samples: samples?.drain() ?? [],
    }
    fromMs = toMs
    before = now
    diedBefore = { ...died }
    return report
  }

  function write(report: TrafficReport): void {
    const message = { key: null, body: encoder.encode(encodeTrafficReport(report)), headers: [] }
    waiting = [...waiting.slice(1 - mostWaiting), { message }]
  }

  async function send(): Promise<void> {
    try {
      if (sends++ % lookEvery === 0) isUnread = await findsManyUnread()
      if (isUnread) return trouble(`more than ${mostUnread} messages wait there, so that no office seems to read it`)
      const all = waiting
      const results = await broker.send(place, all)
      // What may have arrived is sent again: its id makes it count once.
      const done = new Set(all.filter((_, at) => isDone(results[at])))
      waiting = waiting.filter((each) => !done.has(each))
      const refused = results.find((result) => result.kind !== 'sent')
      if (refused === undefined) isTold = false
      else trouble(refused.reason)
    } catch (cause) {
      trouble(cause instanceof Error ? cause.message : 'the broker failed', cause)
    }
  }

  /** A log forgets by itself what nobody reads; elsewhere it would pile up. */
  async function findsManyUnread(): Promise<boolean> {
    if (broker.capabilities.positions) return false
    return (await broker.depth(place)).messages > mostUnread
  }

  /** One send at a time: one that never comes back holds up nothing but reports. */
  function sendOnce(): Promise<void> {
    sending ??= send().finally(() => {
      sending = null
    })
    return sending
  }

  return {
    died,
    samples,
    async run() {
      for (;;) {
        await clock.sleep(everyMs, stopping)
        if (stopping.aborted) return
        write(take())
        void sendOnce()
      }
    },
    async close() {
      const report = take()
      const { handled, retried, discarded, skipped } = report
      if (handled + retried + discarded + skipped > 0 || Object.keys(report.died).length > 0) write(report)
      await sending
      if (waiting.length > 0) await sendOnce()
    },
  }
}

/** Refused for good is done as well: it would be refused again. */
function isDone(result: Awaited<ReturnType<Broker['send']>>[number] | undefined): boolean {
  return result?.kind === 'sent' || (result?.kind === 'not-sent' && !result.retryable)
}

/** Deaths since; tiers without any are left out. */
function deathsSince(now: Deaths, before: Deaths): Deaths {
  const since: Partial<Record<Tier, number>> = {}
  for (const tier of tiers) {
    const deaths = (now[tier] ?? 0) - (before[tier] ?? 0)
    if (deaths > 0) since[tier] = deaths
  }
  return since
}
