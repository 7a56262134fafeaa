import { type Broker, type Clock, systemClock } from '@redrive/worker'
import { showRunId } from '../store/ids.ts'
import { isConnectionTrouble, type Store } from '../store/store.ts'
import { carryOut } from './carry-out.ts'
import { type Lease, leaseSeconds, renewLease } from './claim.ts'
import { finishRun, giveBack, takeRun } from './leases.ts'
import { closeWindows } from './outcomes.ts'
import { releaseHeld } from './release-held.ts'
import { lookAgain, type Resolved, resolveUncertain } from './resolve.ts'
import { sendersOf } from './senders.ts'
import { tellReleases } from './tell-releases.ts'

export interface ReplayerOptions {
  readonly store: Store
  readonly brokers: ReadonlyMap<string, Broker>
  /** Connections whose places are in the office's own database, where a send and its mark are one transaction. @default none */
  readonly within?: ReadonlySet<string>
  readonly clock?: Clock
  /** After this long without a receipt or a return an outcome is `presumed` or `unknown`. @default 900 */
  readonly outcomeWindowSeconds?: number
  /** How often a new run is looked for, and runs whose holder died. @default 500 */
  readonly pollMs?: number
  /** What is uncertain and not found counts as not sent only so long after its sender has ended: as long as a request may take. @default 30 */
  readonly quietSeconds?: number
  readonly onEvent?: (event: ReplayEvent) => void
}

export type ReplayEvent =
  | { readonly kind: 'run-started' | 'run-done'; readonly run: string }
  | { readonly kind: 'canary-passed' | 'run-halted' | 'run-paused'; readonly run: string; readonly message: string }
  | { readonly kind: 'held-released'; readonly run: string; readonly message: string }
  | { readonly kind: 'resolved'; readonly run: string; readonly message: string }
  | { readonly kind: 'trouble'; readonly run: string | null; readonly message: string }

export interface Replayer {
  /** Looks for runs, and for orders to stop, now instead of at the next poll. */
  wake(): void
  /** Finishes what is being sent, notes it, and gives the runs back. */
  stop(): Promise<void>
}

/**
 * Carries out runs, a few side by side. A run belongs to whoever holds its lease; when its holder dies, the next one to take it first
 * turns every intent without results into `uncertain`: whether those were sent nobody knows, and nothing is sent twice on a guess. Those to the
 * office's own database are sent with their results or not at all.
 * Whether somebody stopped a run is looked for four times a second.
 */
export function startReplayer(options: ReplayerOptions): Replayer {
  const { store, clock = systemClock, pollMs = 500, outcomeWindowSeconds = 900, quietSeconds = 30 } = options
  const stopping = new AbortController()
  let waking = new AbortController()
  const senders = sendersOf(store)
  const active = new Map<string, { readonly stop: AbortController; readonly ended: Promise<void> }>()

  const loop = async (): Promise<void> => {
    let soughtAtMs = Number.NEGATIVE_INFINITY
    while (!stopping.signal.aborted) {
      if (waking.signal.aborted) {
        waking = new AbortController()
        soughtAtMs = Number.NEGATIVE_INFINITY
      }
      try {
        await obeyStops()
        if (clock.monotonic() - soughtAtMs >= pollMs) {
          soughtAtMs = clock.monotonic()
          await closeWindows(store, outcomeWindowSeconds)
          await takeRuns()
        }
      } catch (error) {
        if (!isConnectionTrouble(error)) options.onEvent?.({ kind: 'trouble', run: null, message: messageOf(error) })
      }
      await clock.sleep(active.size > 0 ? Math.min(pollMs, stopPollMs) : pollMs, waking.signal)
    }
    await Promise.all([...active.values()].map(({ ended }) => ended))
  }

  const obeyStops = async (): Promise<void> => {
    if (active.size === 0) return
    const { rows } = await store.pool.query<{ id: string }>({
      name: 'stopped-runs',
      text: `select id from run where id = any($1::uuid[]) and state <> 'running'`,
      values: [[...active.keys()]],
    })
    for (const { id } of rows) active.get(id)?.stop.abort()
  }

  const takeRuns = async (): Promise<void> => {
    while (active.size < maxActive && !stopping.signal.aborted) {
      const taken = await takeRun(store)
      if (taken === null) return
      if (!taken.isRunning) {
        await giveBack(store, taken)
        continue
      }
      const lease = { ...taken, sender: await sender(taken) }
      const stop = new AbortController()
      const ended = hold(lease, stop.signal).finally(() => {
        active.delete(lease.runId)
        waking.abort()
      })
      active.set(lease.runId, { stop, ended })
    }
  }

  const sender = async (lease: Lease): Promise<string> => {
    try {
      return await senders.hold()
    } catch (error) {
      await giveBack(store, lease).catch(() => undefined)
      throw error
    }
  }

  const hold = async (lease: Lease & { readonly sender: string }, stopped: AbortSignal): Promise<void> => {
    const run = showRunId(lease.runId)
    options.onEvent?.({ kind: 'run-started', run })
    const heartbeat = setInterval(() => void renew(store, lease), (leaseSeconds * 1_000) / 4)
    try {
      const end = await carryOut(lease, {
        store,
        brokers: options.brokers,
        within: options.within ?? new Set(),
        clock,
        onRefused: (error) =>
          options.onEvent?.({ kind: 'trouble', run, message: `not in one transaction: ${messageOf(error)}` }),
        signal: AbortSignal.any([stopping.signal, stopped]),
        onJudged: (judged) => {
          if (judged.kind === 'passed') options.onEvent?.({ kind: 'canary-passed', run, message: judged.why })
          if (judged.kind === 'stopped')
            options.onEvent?.({
              kind: judged.state === 'halted' ? 'run-halted' : 'run-paused',
              run,
              message: judged.why,
            })
        },
      })
      const isDone = end === 'done' && (await finishRun(store, lease))
      if (isDone) options.onEvent?.({ kind: 'run-done', run })
      // Also a run that somebody stopped when nothing was left: once it is resumed, it has to be finished.
      else if (end !== 'lost') await giveBack(store, lease)
    } catch (error) {
      options.onEvent?.({ kind: 'trouble', run, message: messageOf(error) })
      // Whoever takes it next settles what is open; without the database its lease runs out by itself.
      await clock.sleep(pollMs, stopping.signal)
      await giveBack(store, lease).catch(() => undefined)
    } finally {
      clearInterval(heartbeat)
      // Nothing is on its way any more.
      await senders.release(lease.sender)
    }
  }

  /** Beside the runs: looking back may take a while. */
  const resolving = async (): Promise<void> => {
    let isFirst = true
    while (!stopping.signal.aborted) {
      try {
        if (isFirst) await lookAgain(store)
        isFirst = false
        for (;;) {
          const resolved = await resolveUncertain({
            store,
            brokers: options.brokers,
            quietSeconds,
            signal: stopping.signal,
          })
          if (resolved === null || stopping.signal.aborted) break
          const message = resolvedLine(resolved)
          if (message !== null) options.onEvent?.({ kind: 'resolved', run: resolved.run, message })
        }
      } catch (error) {
        if (!isConnectionTrouble(error)) options.onEvent?.({ kind: 'trouble', run: null, message: messageOf(error) })
      }
      await clock.sleep(pollMs, stopping.signal)
    }
  }

  /** What waits in the line of a key goes on when it can. */
  const releasing = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await tellReleases(store, options.brokers)
        for (;;) {
          const released = await releaseHeld(store, { brokers: options.brokers, nowMs: clock.now() })
          if (released === null || stopping.signal.aborted) break
          const message = `${released.letters} held letters of ${released.lines} keys follow what stood before them`
          options.onEvent?.({ kind: 'held-released', run: showRunId(released.run), message })
          waking.abort()
        }
      } catch (error) {
        if (!isConnectionTrouble(error)) options.onEvent?.({ kind: 'trouble', run: null, message: messageOf(error) })
      }
      await clock.sleep(pollMs, stopping.signal)
    }
  }

  const running = Promise.all([loop(), resolving(), releasing()])
  return {
    wake: () => waking.abort(),
    stop: async () => {
      stopping.abort()
      waking.abort()
      await running
      await senders.close()
    },
  }
}

const stopPollMs = 250
const maxActive = 4

/** While a slow broker holds up a batch, the lease has to outlive it. */
async function renew(store: Store, lease: Lease): Promise<void> {
  try {
    await renewLease(store.pool, lease)
  } catch {
    // The next claim or mark finds out whether the run is still ours.
  }
}

function resolvedLine({ sent, notSent, resendable, left }: Resolved): string | null {
  if (sent + notSent + resendable === 0) return null
  const parts = [`${sent} had arrived`, `${notSent} had not and are open again`]
  if (resendable > 0) parts.push(`${resendable} may be sent again, marked as possible duplicates`)
  if (left > 0) parts.push(`${left} are still uncertain`)
  return parts.join(', ')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
