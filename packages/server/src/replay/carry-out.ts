import type { Store } from '../store/store.ts'
import { type Claim, claimNext, type Lease, maySend } from './claim.ts'
import type { Batch } from './claimed.ts'
import { endNotes } from './ends.ts'
import { type Judged, judgeRun } from './judge-run.ts'
import { markResults } from './mark.ts'
import { putBack } from './put-back.ts'
import { type SendContext, sendBatch } from './send-batch.ts'
import { sendWithin } from './send-within.ts'
import { throughOutage } from './through-outage.ts'
import { traceSent } from './trace-sent.ts'

export interface CarryOutOptions extends SendContext {
  readonly store: Store
  /** Stops between batches: what is being sent is finished and noted, what is not is put back. */
  readonly signal: AbortSignal
  readonly onJudged?: (judged: Judged) => void
  /** Connections whose places are in the office's own database and which can send within its transactions. @default none */
  readonly within?: ReadonlySet<string>
  /** Told when a batch cannot be sent within a transaction, and is sent as elsewhere. */
  readonly onRefused?: (error: unknown) => void
}

/** `done`: every letter of the plan was looked at. `lost`: another process holds the run. `stopped`: somebody or a rule says so. */
export type CarriedOut = 'done' | 'lost' | 'stopped'

const judgeEveryMs = 250

/**
 * Carries out a run: intents, then sends, then results, batch by batch. While one batch is being sent, the intents of the next and the
 * results of the one before are written; no more than three batches are in memory. Four times a second, and before the
 * batch after one that ended in a refusal, it is judged whether to go on.
 *
 * A batch to the office's own database is sent and marked in one transaction. It holds the run, so the next one is claimed afterwards.
 */
export async function carryOut(lease: Lease, options: CarryOutOptions): Promise<CarriedOut> {
  const { store, clock, signal, brokers } = options
  const within = [...(options.within ?? [])]
  const notes = endNotes(store, { planId: lease.planId, brokers, clock })
  const claimed = async (): Promise<Claim> => claimNext(store, lease, { ends: await notes.current(), within })
  let next = claimed()
  let noted: Promise<boolean> = Promise.resolve(true)
  let judgedAtMs = clock.monotonic()
  let isDoubted = false
  const judge = async (): Promise<Judged> => {
    judgedAtMs = clock.monotonic()
    isDoubted = false
    const judged = await judgeRun(store, lease)
    if (judged.kind === 'passed' || judged.kind === 'stopped') options.onJudged?.(judged)
    return judged
  }
  try {
    for (;;) {
      const claim = await next
      if (claim.kind === 'lost') return 'lost'
      if (claim.kind === 'end') return (await noted) ? 'done' : 'lost'
      const isStopping = claim.kind === 'stopped' || signal.aborted
      // What was just refused counts, or a quick refusal would burn many batches before anybody looks.
      if (isDoubted && !(await noted)) return 'lost'
      const isDue = isDoubted || clock.monotonic() - judgedAtMs >= judgeEveryMs
      if (!isStopping && isDue && (await judge()).kind === 'stopped') {
        next = Promise.resolve({ kind: 'stopped' })
        if (claim.kind === 'claimed') await putBack(store, lease, claim)
        continue
      }
      if (isStopping) {
        if (claim.kind === 'claimed') await putBack(store, lease, claim)
        return (await noted) ? 'stopped' : 'lost'
      }
      if (claim.kind === 'claimed' && claim.isWithin) {
        const sent = await sendWithin(store, { lease, batch: claim }, options)
        if (sent.kind === 'lost') return 'lost'
        if (sent.kind === 'stopped') {
          await putBack(store, lease, claim)
          next = Promise.resolve({ kind: 'stopped' })
          continue
        }
        if (sent.kind === 'noted') {
          isDoubted = sent.isDoubted
          next = claimed()
          next.catch(() => undefined)
          continue
        }
        options.onRefused?.(sent.error)
      }
      if (claim.kind === 'claimed' && !maySend(lease)) {
        // This process stood still: somebody else may have the run, and may look already for what is sent now.
        await putBack(store, lease, claim)
        next = claimed()
        next.catch(() => undefined)
        continue
      }
      if (claim.kind === 'claimed') {
        next = claimed()
        next.catch(() => undefined)
        const fromMs = Date.now()
        const results = await sendBatch(claim.letters, { ...options, mayBegin: () => maySend(lease) })
        traceSent(claim.letters, { results, runId: lease.runId, fromMs })
        if (!(await noted)) return 'lost'
        const batch = { fromOrdinal: claim.fromOrdinal, results }
        noted = throughOutage(clock, () => markResults(store, lease, batch))
        noted.catch(() => undefined)
        isDoubted = results.at(-1)?.kind !== 'sent'
        continue
      }
      if (!(await noted)) return 'lost'
      if (claim.kind === 'wait') await clock.sleep(Math.min(claim.ms, judgeEveryMs), signal)
      else if ((await judge()).kind === 'waits') await clock.sleep(judgeEveryMs, signal)
      next = claimed()
      next.catch(() => undefined)
    }
  } finally {
    // Whoever takes the run next would call uncertain what is known here.
    await noted.catch(() => undefined)
    await putBackUnsent(store, lease, next)
  }
}

/** A batch that was claimed ahead when something else failed. */
async function putBackUnsent(store: Store, lease: Lease, next: Promise<Claim>): Promise<void> {
  const claim = await next.catch(() => null)
  if (claim?.kind === 'claimed') await putBack(store, lease, claim satisfies Batch).catch(() => undefined)
}
