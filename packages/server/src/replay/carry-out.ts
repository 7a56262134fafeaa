import type { Store } from '../store/store.ts'
import { claimNext, type Lease, maySend } from './claim.ts'
import type { Intent } from './claimed.ts'
import { claimsAhead } from './claims-ahead.ts'
import { endNotes } from './ends.ts'
import { type Judged, judgeRun } from './judge-run.ts'
import { markResults } from './mark.ts'
import { type Prepared, prepare } from './prepare.ts'
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
 * Carries out a run: intents, then sends, then results, batch by batch. While one batch is being sent, the intents of the next two are written, what is
 * sent of them is read and put together, and the results of the one before are written; no more than four batches are in memory. Four times a second, and
 * before the batch after one that ended in a refusal, it is judged whether to go on.
 *
 * A batch to the office's own database is sent and marked in one transaction. It holds the run, so the next one is claimed afterwards.
 */
export async function carryOut(lease: Lease, options: CarryOutOptions): Promise<CarriedOut> {
  const { store, clock, signal, brokers } = options
  const within = [...(options.within ?? [])]
  const notes = endNotes(store, { planId: lease.planId, brokers, clock })
  // Beside the claims: the next intent does not wait until this one is read.
  const prepared = (intent: Intent): Promise<Prepared> => {
    const preparing = prepare(intent, { ...options, lease })
    preparing.catch(() => undefined)
    return preparing
  }
  // Of a place where nobody can look, what a process that dies had claimed stays uncertain: it claims less ahead.
  let most = 1
  const ahead = claimsAhead(
    async () => {
      const ends = await notes.current()
      most = ends === null ? 1 : 2
      const claim = await claimNext(store, lease, { ends, within })
      return claim.kind === 'claimed' ? { ...claim, batch: prepared(claim) } : claim
    },
    () => most,
  )
  /** Taken, and nothing of it sent but what is noted in the same transaction. */
  let inHand: Intent | null = null
  const giveUp = async (): Promise<void> => {
    for (const intent of await ahead.giveUp()) await putBack(store, lease, intent)
    if (inHand !== null) await putBack(store, lease, inHand)
    inHand = null
  }
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
      const claim = await ahead.take()
      inHand = claim.kind === 'claimed' ? claim : null
      if (claim.kind === 'lost') return 'lost'
      if (claim.kind === 'end') return (await noted) ? 'done' : 'lost'
      const batch = claim.kind === 'claimed' ? await claim.batch : null
      let isStopping = claim.kind === 'stopped' || signal.aborted
      // What was just refused counts, or a quick refusal would burn many batches before anybody looks.
      if (isDoubted && !(await noted)) return 'lost'
      const isDue = isDoubted || clock.monotonic() - judgedAtMs >= judgeEveryMs
      if (!isStopping && isDue) isStopping = (await judge()).kind === 'stopped'
      if (isStopping) {
        await giveUp()
        return (await noted) ? 'stopped' : 'lost'
      }
      if (batch?.isWithin === true) {
        const sent = await sendWithin(store, { lease, batch }, options)
        if (sent.kind === 'lost') return 'lost'
        if (sent.kind === 'noted') {
          isDoubted = sent.isDoubted
          continue
        }
        if (sent.kind === 'stopped') {
          await giveUp()
          return (await noted) ? 'stopped' : 'lost'
        }
        options.onRefused?.(sent.error)
      }
      if (batch !== null && !maySend(lease)) {
        // This process stood still: somebody else may have the run, and may look already for what is sent now.
        await giveUp()
        continue
      }
      if (batch !== null) {
        inHand = null
        const { letters, put, fromOrdinal } = batch
        const fromMs = Date.now()
        const results = await sendBatch(letters, { ...options, put, mayBegin: () => maySend(lease) })
        traceSent(letters, { results, runId: lease.runId, fromMs })
        if (!(await noted)) return 'lost'
        noted = throughOutage(clock, () => markResults(store, lease, { fromOrdinal, results }))
        noted.catch(() => undefined)
        isDoubted = results.at(-1)?.kind !== 'sent'
        continue
      }
      if (!(await noted)) return 'lost'
      if (claim.kind === 'wait') await clock.sleep(Math.min(claim.ms, judgeEveryMs), signal)
      else if ((await judge()).kind === 'waits') await clock.sleep(judgeEveryMs, signal)
    }
  } finally {
    // Whoever takes the run next would call uncertain what is known here.
    await noted.catch(() => undefined)
    await giveUp().catch(() => undefined)
  }
}
