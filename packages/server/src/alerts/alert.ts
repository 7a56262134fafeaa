import type { Tier } from '@redrive/worker'
import type { Fact } from './notice.ts'
import type { AlertRule, Urgency } from './rules.ts'

export const alertStates = ['raised', 'acknowledged', 'resolved'] as const
export type AlertState = (typeof alertStates)[number]

/** What it is about, and what is said of that. Texts may come from dead letters. */
export interface About {
  readonly rule: AlertRule
  /** One alert of a subject at a time: `cause/17/0`, `depth/orders/transient`. */
  readonly subject: string
  readonly queue: string | null
  readonly causeId: string | null
  readonly tier: Tier | null
  readonly owner: string | null
  readonly urgency: Urgency
  /** At most 200 characters. */
  readonly title: string
  readonly facts: readonly Fact[]
  /** A command. */
  readonly next: string | null
  readonly runbook: string | null
}

/** One conversation. It ends; what comes again is another. */
export interface Alert extends About {
  readonly id: string
  readonly state: AlertState
  readonly raisedAtMs: number
  readonly acknowledgedAtMs: number | null
  readonly acknowledgedBy: string | null
  /** Since when its condition does not hold; `null` while it does. */
  readonly quietSinceMs: number | null
  readonly resolvedAtMs: number | null
  readonly resolvedWhy: string | null
  /** The alert that speaks for it. */
  readonly storm: string | null
  /** When something was said of it last, and how often it was raised or repeated. */
  readonly saidAtMs: number | null
  readonly said: number
  /** Steps of its route's escalation that were taken. */
  readonly escalated: number
  /** Names of the notifiers that were told of it. */
  readonly told: readonly string[]
}

/** Something that should not be so, as one look found it. */
export interface Condition extends About {
  /** Why it is over though it was found: somebody fixed or snoozed the cause. */
  readonly over: string | null
  /** Nothing of its cause waits for now. */
  readonly isEmpty: boolean
  /** Who sees to it, since it was raised. */
  readonly takenBy: string | null
}

/** Nothing is said of it yet. What somebody sees to already is acknowledged from the beginning. */
export function raise(condition: Condition, { id, nowMs }: { readonly id: string; readonly nowMs: number }): Alert {
  const { over: _over, isEmpty: _isEmpty, takenBy, ...about } = condition
  return {
    ...about,
    id,
    state: takenBy === null ? 'raised' : 'acknowledged',
    raisedAtMs: nowMs,
    acknowledgedAtMs: takenBy === null ? null : nowMs,
    acknowledgedBy: takenBy,
    quietSinceMs: null,
    resolvedAtMs: null,
    resolvedWhy: null,
    storm: null,
    saidAtMs: null,
    said: 0,
    escalated: 0,
    told: [],
  }
}
