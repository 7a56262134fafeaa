import { type Broker, RedriveError } from '@redrive/worker'
import { showLetterId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { noControl } from './control.ts'
import { defaultLimits } from './limits.ts'
import { type DueLine, nextOfLine, takeDueLines } from './lines.ts'
import { createPlan } from './plan.ts'
import { startRun } from './runs.ts'

/** Who plans and runs it. */
export const releaser = 'release'
/** Most held letters of one line that go at a time. */
const maxStride = 100
const maxLetters = 5_000
/** Letters a second: what is released has waited, and its consumer is at work. */
const pace = 1_000

export interface Released {
  /** UUID. */
  readonly run: string
  readonly letters: number
  readonly lines: number
}

/**
 * Releases held letters before which nothing unresolved stands, as far as the office knows: a plan and a run of the system's own, so that all that is
 * promised of replays holds. The worker has the last word: what comes too early it parks again, and then the line is tried more slowly.
 *
 * How many letters of a line go at a time doubles each time none came back, as only a broker that keeps a key's messages in order lets several
 * of them arrive in order at a consumer of several processes.
 *
 * @returns `null` when there is nothing to release
 */
export async function releaseHeld(
  store: Store,
  options: { readonly brokers: ReadonlyMap<string, Broker>; readonly nowMs: number },
): Promise<Released | null> {
  const due = await takeDueLines(store)
  const ids: string[] = []
  const released: { readonly line: DueLine; readonly stride: number }[] = []
  for (const line of due) {
    const stride = line.cameBack ? 1 : Math.min(maxStride, line.isFirst ? 1 : line.stride * 2)
    const next = nextOfLine(line, { stride, nowMs: options.nowMs, brokers: options.brokers })
    if (next.length === 0 || ids.length + next.length > maxLetters) continue
    ids.push(...next)
    released.push({ line, stride })
  }
  if (ids.length === 0) return null
  const plan = await createPlan(store, options.brokers, {
    selection: { letters: ids.map(showLetterId) },
    destination: 'lane',
    control: { ...noControl, pace },
    limits: { ...defaultLimits, beyondCap: true, withHeld: true },
    by: releaser,
    reason: 'what stood before them in the line of their key is resolved',
    nowMs: options.nowMs,
  })
  const run = await started(store, plan)
  for (const { line, stride } of released) {
    await store.pool.query(
      `update key_line set stride = $2, released_at = now(), looks = 0, look_at = now() + interval '250 ms' where id = $1`,
      [line.id, stride],
    )
  }
  return run === null ? null : { run, letters: ids.length, lines: released.length }
}

/** Where somebody was quicker with one of the letters, the lines are looked at again. */
async function started(store: Store, plan: string): Promise<string | null> {
  try {
    return await startRun(store, { plan, by: releaser })
  } catch (error) {
    if (error instanceof RedriveError && (error.code === 'PLAN_STALE' || error.code === 'REQUEST_INVALID')) return null
    throw error
  }
}
