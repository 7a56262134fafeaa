import type { Broker, Clock, Outgoing, SendResult } from '@redrive/worker'
import { isConnectionTrouble, type Store } from '../store/store.ts'
import { type Claimed, claimNext, type Lease } from './claim.ts'
import { markResults } from './mark.ts'
import { outgoingOf } from './outgoing.ts'

export interface CarryOutOptions {
  readonly store: Store
  readonly brokers: ReadonlyMap<string, Broker>
  readonly clock: Clock
  /** Stops between batches; what is being sent is finished and noted first. */
  readonly signal: AbortSignal
}

/** `done`: every letter of the plan was looked at. `lost`: another process holds the run. `stopped`: we were asked to. */
export type CarriedOut = 'done' | 'lost' | 'stopped'

/**
 * Carries out a run: intents, then sends, then results, batch by batch. While one batch is being sent, the intents of the next are
 * written; no more than two batches are in memory.
 */
export async function carryOut(lease: Lease, options: CarryOutOptions): Promise<CarriedOut> {
  const { store, clock, signal } = options
  const size = batchSize(lease.pace)
  let dueAtMs = clock.now()
  let next = claimNext(store, lease, size)
  for (;;) {
    const claim = await next
    if (claim.kind === 'lost') return 'lost'
    if (claim.kind === 'end') return 'done'
    dueAtMs = Math.max(clock.now() - maxBurstMs, dueAtMs) + (claim.letters.length / lease.pace) * 1_000
    const stopping = signal.aborted
    next = stopping ? Promise.resolve({ kind: 'end' }) : claimNext(store, lease, size)
    next.catch(() => undefined)
    const sent = await sendBatch(claim.letters, options)
    if (!(await throughOutage(clock, () => markResults(store, lease, sent)))) return 'lost'
    if (stopping) return 'stopped'
    await clock.sleep(dueAtMs - clock.now(), signal)
  }
}

/**
 * What was sent is known here and nowhere else: while the database is away we hold on to it rather than make it uncertain. Marking twice
 * is harmless, since only attempts that are still `intended` change.
 */
async function throughOutage<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  const untilMs = clock.now() + patienceMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!isConnectionTrouble(error) || clock.now() > untilMs) throw error
      await clock.sleep(250)
    }
  }
}

const patienceMs = 60_000
const maxBurstMs = 250
const maxBatch = 500

/** At most a quarter of a second of the pace, so that a stop is obeyed soon. */
function batchSize(pace: number): number {
  return Math.min(maxBatch, Math.max(1, Math.floor(pace / 4)))
}

async function sendBatch(
  batch: readonly Claimed[],
  { brokers, clock, signal }: CarryOutOptions,
): Promise<readonly { readonly claimed: Claimed; readonly result: SendResult }[]> {
  const groups = Map.groupBy(batch, ({ broker, place }) => JSON.stringify([broker, place]))
  const sent: { claimed: Claimed; result: SendResult }[] = []
  for (const group of groups.values()) {
    const [first] = group
    const broker = first === undefined ? undefined : brokers.get(first.broker)
    if (first === undefined) continue
    const results = broker === undefined ? group.map(() => noBroker) : await sendAll(broker, { place: first.place, group, clock, signal })
    group.forEach((claimed, index) => {
      sent.push({ claimed, result: results[index] ?? { kind: 'uncertain', reason: 'the broker gave no result' } })
    })
  }
  return sent
}

const noBroker: SendResult = { kind: 'not-sent', reason: 'the office has no connection of this name any more', retryable: false }
const resendDelaysMs = [100, 500, 2_000]

/** Sends; what was certainly not sent and may be tried again is tried a few times more under the same intent. */
async function sendAll(
  broker: Broker,
  job: { readonly place: string; readonly group: readonly Claimed[]; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<readonly SendResult[]> {
  const messages = job.group.map((claimed): Outgoing => ({ message: outgoingOf(claimed, broker.capabilities) }))
  const results = [...(await broker.send(job.place, messages))]
  for (const delayMs of resendDelaysMs) {
    const again = results.flatMap((result, index) => (result.kind === 'not-sent' && result.retryable ? [index] : []))
    if (again.length === 0) break
    await job.clock.sleep(delayMs, job.signal)
    const retried = await broker.send(job.place, again.map((index) => messages[index] as Outgoing))
    again.forEach((index, at) => {
      results[index] = retried[at] ?? { kind: 'uncertain', reason: 'the broker gave no result' }
    })
  }
  return results
}
