import type { AlertRoute } from '../../config/index.ts'
import { type Alert, type Condition, raise } from '../alert.ts'
import type { AlertRule } from '../rules.ts'
import { follow } from './follow.ts'
import type { Conversed } from './saying.ts'
import { foldStorms } from './storms.ts'

export interface Conversation {
  /** All that are not resolved, and those that were said on their own in the last ten minutes. */
  readonly known: readonly Alert[]
  readonly conditions: readonly Condition[]
  /** What was looked for: of other rules nothing is known, and their alerts stay as they are. */
  readonly looked: ReadonlySet<AlertRule>
  readonly routes: readonly AlertRoute[]
  readonly nowMs: number
  /** A new UUID. */
  readonly newId: () => string
}

/**
 * What one look changes in all conversations: alerts are raised, go quiet and end; what is said is a change, a repeat that grows rarer while nobody
 * takes it, or an escalation. Nothing is read or written.
 */
export function converse({ known, conditions, looked, routes, nowMs, newId }: Conversation): Conversed {
  const unresolved = known.filter(({ state }) => state !== 'resolved')
  const bySubject = new Map(conditions.map((condition) => [condition.subject, condition]))
  const followed = unresolved
    .filter(({ rule }) => rule !== 'storm')
    .map((alert) => follow(alert, { condition: bySubject.get(alert.subject), looked, routes, nowMs }))
  const open = new Set(unresolved.map(({ subject }) => subject))
  const raised = conditions
    .filter(({ subject, over, isEmpty }) => over === null && !isEmpty && !open.has(subject))
    .map((condition) => raise(condition, { id: newId(), nowMs }))
  const { silent, loud } = Object.groupBy(raised, ({ state, urgency }) =>
    state !== 'raised' || urgency === 'review' ? 'silent' : 'loud',
  )
  const alerts = followed.map(({ alert }) => alert)
  const folded = foldStorms({ known, followed: alerts, raised: loud ?? [], routes, nowMs, newId })
  const before = new Map(known.map((alert) => [alert.id, alert]))
  const changed = [...alerts, ...(silent ?? []), ...folded.alerts].filter((alert) => before.get(alert.id) !== alert)
  return { changed, sayings: [...followed.flatMap(({ sayings }) => sayings), ...folded.sayings] }
}
