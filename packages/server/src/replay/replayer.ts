import { type Broker, type Clock, systemClock } from '@redrive/worker'
import { recordAudit } from '../audit/index.ts'
import { showRunId } from '../store/ids.ts'
import { isConnectionTrouble, type Store } from '../store/store.ts'
import { carryOut } from './carry-out.ts'
import { type Lease, leaseSeconds, renewLease } from './claim.ts'
import { moveLetters } from './mark.ts'
import { closeWindows } from './outcomes.ts'

export interface ReplayerOptions {
  readonly store: Store
  readonly brokers: ReadonlyMap<string, Broker>
  readonly clock?: Clock
  /** After this long without a receipt or a return an outcome is `presumed` or `unknown`. @default 900 */
  readonly outcomeWindowSeconds?: number
  /** How often a new run is looked for, and runs whose holder died. @default 500 */
  readonly pollMs?: number
  readonly onEvent?: (event: ReplayEvent) => void
}

export type ReplayEvent =
  | { readonly kind: 'run-started' | 'run-done'; readonly run: string }
  | { readonly kind: 'run-trouble'; readonly run: string; readonly message: string }

export interface Replayer {
  /** Looks for runs now instead of at the next poll. */
  wake(): void
  /** Finishes what is being sent, notes it, and gives the runs back. */
  stop(): Promise<void>
}

/**
 * Carries out runs, a few side by side. A run belongs to whoever holds its lease; when its holder dies, the next one to take it first
 * turns every intent without a result into `uncertain`: whether those were sent nobody knows, and nothing is sent twice on a guess.
 */
export function startReplayer(options: ReplayerOptions): Replayer {
  const { store, clock = systemClock, pollMs = 500, outcomeWindowSeconds = 900 } = options
  const stopping = new AbortController()
  let waking = new AbortController()
  const active = new Map<string, Promise<void>>()

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await closeWindows(store, outcomeWindowSeconds)
        while (active.size < maxActive && !stopping.signal.aborted) {
          const lease = await takeRun(store)
          if (lease === null) break
          active.set(lease.runId, hold(lease).finally(() => active.delete(lease.runId)))
        }
      } catch (error) {
        if (!isConnectionTrouble(error)) options.onEvent?.({ kind: 'run-trouble', run: '', message: messageOf(error) })
      }
      await clock.sleep(pollMs, AbortSignal.any([stopping.signal, waking.signal]))
      waking = new AbortController()
    }
    await Promise.all(active.values())
  }

  const hold = async (lease: Lease): Promise<void> => {
    const run = showRunId(lease.runId)
    options.onEvent?.({ kind: 'run-started', run })
    const heartbeat = setInterval(() => void renew(store, lease), (leaseSeconds * 1_000) / 4)
    try {
      const end = await carryOut(lease, { store, brokers: options.brokers, clock, signal: stopping.signal })
      if (end === 'done') {
        await finishRun(store, lease)
        options.onEvent?.({ kind: 'run-done', run })
      } else if (end === 'stopped') await giveBack(store, lease)
    } catch (error) {
      options.onEvent?.({ kind: 'run-trouble', run, message: messageOf(error) })
    } finally {
      clearInterval(heartbeat)
    }
  }

  const running = loop()
  return {
    wake: () => waking.abort(),
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

const maxActive = 4

/** Takes the oldest run nobody holds and settles what its last holder left behind. */
async function takeRun(store: Store): Promise<Lease | null> {
  return store.transaction(async (client) => {
    const { rows } = await client.query<{ id: string; plan_id: string; lease_token: string; pace: number }>(
      `update run set lease_token = lease_token + 1, lease_until = now() + make_interval(secs => $1)
       from plan
       where plan.id = run.plan_id and run.id = (
         select id from run where state = 'running' and lease_until <= now() order by started_at limit 1 for update skip locked
       )
       returning run.id, run.plan_id, run.lease_token, plan.pace`,
      [leaseSeconds],
    )
    const row = rows[0]
    if (row === undefined) return null
    // Evidence that came before the holder could note its send proves that it sent.
    const left = await client.query<{ letter_id: string; proven: boolean }>(
      `update attempt set
         state = case when outcome in ('confirmed', 'returned') then 'sent' else 'uncertain' end::attempt_state,
         sent_at = now(), why = case when outcome = 'pending' then 'the process that was sending it died' end
       where run_id = $1 and state = 'intended'
       returning letter_id, outcome in ('confirmed', 'returned') as proven`,
      [row.id],
    )
    for (const [proven, to] of [[true, 'replayed'], [false, 'uncertain']] as const) {
      const ids = left.rows.filter((each) => each.proven === proven).map(({ letter_id: id }) => id)
      await moveLetters(client, { ids, from: 'replaying', to, reference: row.id })
    }
    return { runId: row.id, planId: row.plan_id, token: row.lease_token, pace: row.pace }
  })
}

async function finishRun(store: Store, lease: Lease): Promise<void> {
  await store.transaction(async (client) => {
    const { rowCount } = await client.query(
      `update run set state = 'done', finished_at = now() where id = $1 and lease_token = $2 and state = 'running'`,
      [lease.runId, lease.token],
    )
    if (rowCount === 0) return
    const target = showRunId(lease.runId)
    await recordAudit(client, { actor: 'redrive', action: 'run.done', target, reason: null })
  })
}

async function giveBack(store: Store, lease: Lease): Promise<void> {
  await store.pool.query('update run set lease_until = now() where id = $1 and lease_token = $2', [lease.runId, lease.token])
}

/** While a slow broker holds up a batch, the lease has to outlive it. */
async function renew(store: Store, lease: Lease): Promise<void> {
  try {
    await store.transaction((client) => renewLease(client, lease))
  } catch {
    // The next claim or mark finds out whether the run is still ours.
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
