import type { AlertRoute } from '../../config/index.ts'
import type { Alert, Condition } from '../alert.ts'
import { routeOf } from '../policy/index.ts'
import { type AlertRule, alertRules } from '../rules.ts'
import { repeatDueMs } from './repeats.ts'
import type { Saying } from './saying.ts'

const minuteMs = 60_000
const noLonger = 'it is not so any more'

interface Followed {
  readonly alert: Alert
  readonly sayings: readonly Saying[]
}

/** One alert, after a look that found its condition or did not. The very same object when nothing changed. */
export function follow(
  before: Alert,
  look: {
    readonly condition: Condition | undefined
    readonly looked: ReadonlySet<AlertRule>
    readonly routes: readonly AlertRoute[]
    readonly nowMs: number
  },
): Followed {
  const { condition, looked, nowMs } = look
  if (!looked.has(before.rule)) return nag(before, look)
  if (condition !== undefined && condition.over !== null) return resolve(before, condition.over, nowMs)
  if (condition === undefined || condition.isEmpty) {
    const sinceMs = before.quietSinceMs ?? nowMs
    if (nowMs - sinceMs >= alertRules[before.rule].quietMinutes * minuteMs)
      return resolve(before, condition === undefined ? noLonger : 'none of its letters waits any more', nowMs)
    return { alert: before.quietSinceMs === null ? { ...before, quietSinceMs: sinceMs } : before, sayings: [] }
  }
  const fresh = refreshed(before, condition)
  if (fresh.state === 'raised' && condition.takenBy !== null)
    return acknowledged(fresh, { by: condition.takenBy, nowMs })
  return nag(fresh, look)
}

/** Somebody takes it. Whoever was told of it hears so. */
export function acknowledged(alert: Alert, { by, nowMs }: { readonly by: string; readonly nowMs: number }): Followed {
  const taken: Alert = { ...alert, state: 'acknowledged', acknowledgedAtMs: nowMs, acknowledgedBy: by }
  return { alert: taken, sayings: ending(taken, 'acknowledged') }
}

export function resolve(alert: Alert, why: string, nowMs: number): Followed {
  const resolved: Alert = { ...alert, state: 'resolved', resolvedAtMs: nowMs, resolvedWhy: why }
  return { alert: resolved, sayings: ending(resolved, 'resolved') }
}

/** Again to those who were told, or on to others, while nobody takes it. */
export function nag(
  alert: Alert,
  { routes, nowMs }: { readonly routes: readonly AlertRoute[]; readonly nowMs: number },
): Followed {
  // What was never said on its own is not repeated either: a storm speaks for it, or it waits for the review.
  if (alert.state !== 'raised' || alert.saidAtMs === null || alert.quietSinceMs !== null) return { alert, sayings: [] }
  const step = routeOf(alert, routes).escalations[alert.escalated]
  if (step !== undefined && nowMs >= alert.raisedAtMs + step.afterMinutes * minuteMs) {
    const notifiers = step.recipients.map(({ notifier }) => notifier)
    const escalated = { ...alert, escalated: alert.escalated + 1 }
    return { alert: escalated, sayings: [{ alert: escalated, change: 'escalated', notifiers }] }
  }
  if (nowMs < repeatDueMs(alert, alert.saidAtMs)) return { alert, sayings: [] }
  const repeated = { ...alert, said: alert.said + 1, saidAtMs: nowMs }
  return { alert: repeated, sayings: [{ alert: repeated, change: 'repeated' }] }
}

function ending(alert: Alert, change: 'acknowledged' | 'resolved'): readonly Saying[] {
  return alert.told.length === 0 ? [] : [{ alert, change, notifiers: alert.told }]
}

function refreshed(before: Alert, condition: Condition): Alert {
  const { title, facts, next, runbook, owner } = condition
  const isSame =
    before.quietSinceMs === null &&
    before.title === title &&
    before.next === next &&
    before.runbook === runbook &&
    before.owner === owner &&
    JSON.stringify(before.facts) === JSON.stringify(facts)
  return isSame ? before : { ...before, title, facts, next, runbook, owner, quietSinceMs: null }
}
