import type { ReplayPolicy } from '../config/index.ts'

/** What is known of a policy, its letters and its backend at one moment. */
export interface Facts {
  /** Of the database. */
  readonly nowMs: number
  /** Failed runs in a row. */
  readonly failures: number
  /** No run begins before. */
  readonly nextAtMs: number
  readonly stopped: { readonly by: string; readonly why: string | null } | null
  /** Its run that is not judged yet. */
  readonly going: Going | null
  /** Letters that may be sent now, counted as far as they matter. */
  readonly ready: number
  /** Letters it leaves out, by why. */
  readonly leftOut: ReadonlyMap<LeftOut, number>
  /** Letters it sent within the last hour. */
  readonly sentInHour: number
  /** What the address of its backend answered; `null`: nobody asked yet. */
  readonly health: Health | null
}

export interface Going {
  /** As people see it. */
  readonly run: string
  readonly state: 'running' | 'paused' | 'halted' | 'cancelled' | 'done'
  /** Why it is paused or halted. */
  readonly problem: string | null
}

export type Health = { readonly isHealthy: true } | { readonly isHealthy: false; readonly problem: string }

/** Why letters are not sent by themselves. */
export const leftOutReasons = [
  'taken',
  'not-fixed',
  'regressed',
  'not-seen',
  'too-new',
  'edited',
  'tried',
  'over-cap',
  'redacted',
  'no-broker',
  'no-lane',
] as const
export type LeftOut = (typeof leftOutReasons)[number]

export type Decision =
  | { readonly kind: 'send'; readonly letters: number }
  /** Whether its backend is healthy decides. */
  | { readonly kind: 'ask' }
  | {
      readonly kind: 'wait'
      readonly state: 'by-hand' | 'waiting' | 'running' | 'backing-off' | 'stopped'
      readonly why: string
      /** `null`: not a matter of time. */
      readonly untilMs: number | null
    }

/** Most letters of one run: what is judged as one must be over some day, and its plan names each. */
export const mostOfRun = 5_000
const longestGapMs = 6 * 3_600_000

/** What to do now, and why nothing else. */
export function decide(policy: ReplayPolicy, facts: Facts): Decision {
  const { nowMs, going, stopped, nextAtMs, failures, ready, health } = facts
  if (going !== null) return wait('running', goingWords(going))
  if (policy.when === 'by-hand') return wait('by-hand', 'nothing is sent without a person')
  if (stopped !== null)
    return wait('stopped', `stopped by ${stopped.by}${stopped.why === null ? '' : `: ${stopped.why}`}`)
  if (nowMs < nextAtMs)
    return failures > 0
      ? wait('backing-off', `${failures === 1 ? 'its last run' : `its last ${failures} runs`} failed`, nextAtMs)
      : wait('waiting', 'its last run was not long ago', nextAtMs)
  if (ready === 0) return wait('waiting', leftOutWords(facts.leftOut))
  const budget = policy.perHour - facts.sentInHour
  if (budget <= 0)
    return wait('waiting', `${facts.sentInHour} letters were sent within the last hour, as many as may be`)
  if (policy.healthUrl !== null && health === null) return { kind: 'ask' }
  if (health?.isHealthy === false) return wait('waiting', `its backend is not healthy: ${health.problem}`)
  return { kind: 'send', letters: Math.min(ready, budget, mostOfRun) }
}

/** From one run to the next, after so many failed ones in a row. */
export function gapMs({ retryEveryMs }: Pick<ReplayPolicy, 'retryEveryMs'>, failures: number): number {
  return Math.min(longestGapMs, retryEveryMs * 2 ** Math.max(0, failures - 1))
}

/** Letters that go first and alone: fewer than all, so that a sick backend gets as few as it can. */
export function canaryOf({ canary }: Pick<ReplayPolicy, 'canary'>, letters: number): number {
  return Math.max(0, Math.min(canary, letters - 1))
}

/** Counts of why letters are left out, as a person reads them. */
export function leftOutWords(leftOut: ReadonlyMap<LeftOut, number>): string {
  const said = leftOutReasons.flatMap((reason) => {
    const letters = leftOut.get(reason) ?? 0
    return letters === 0 ? [] : [`${letters.toLocaleString('en-US')} ${words[reason]}`]
  })
  return said.length === 0 ? 'no letter is open' : `no letter may be sent: ${said.join(', ')}`
}

const words: Readonly<Record<LeftOut, string>> = {
  taken: 'of causes that a person acknowledged or snoozed',
  'not-fixed': 'of causes that nobody fixed',
  regressed: 'of causes that came back after a fix',
  'not-seen': 'of causes fixed in a release that was not seen yet',
  'too-new': 'not long enough ago',
  edited: 'edited, for a person to send',
  tried: 'sent by themselves as often as may be',
  'over-cap': 'died too often',
  redacted: 'redacted',
  'no-broker': 'of a connection that this office does not have',
  'no-lane': 'without a lane to go through',
}

function goingWords({ run, state, problem }: Going): string {
  if (state === 'paused') return `${run} is paused${problem === null ? '' : ` (${problem})`}`
  return state === 'done' ? `${run} is sent; what became of its letters is waited for` : `${run} is ${state}`
}

function wait(
  state: Extract<Decision, { kind: 'wait' }>['state'],
  why: string,
  untilMs: number | null = null,
): Decision {
  return { kind: 'wait', state, why, untilMs }
}
