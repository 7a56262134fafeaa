import { type AlertRoute, logNotifier } from '../config/index.ts'
import { showAlertId } from '../store/ids.ts'
import type { Alert } from './alert.ts'
import type { Conversed, Saying } from './conversation/index.ts'
import type { Notice } from './notice.ts'
import { holdUntilMs, type Recipient, routeOf } from './policy/index.ts'

/** A notice with the name of the notifier it goes to. */
export interface Addressed {
  /** UUID of the alert. */
  readonly alert: string
  readonly notifier: string
  readonly notice: Notice
  /** Not to be delivered before; `null`: at once. */
  readonly holdUntilMs: number | null
}

export interface Wording {
  readonly routes: readonly AlertRoute[]
  readonly nowMs: number
  /** The address that acknowledges an alert; `null` while the office has no address for people. */
  readonly linkOf: (alert: Alert) => string | null
}

/** Who is told what. @returns with the alerts as they are once that is told */
export function address(
  { changed, sayings }: Conversed,
  wording: Wording,
): { readonly alerts: readonly Alert[]; readonly addressed: readonly Addressed[] } {
  const told = new Map<string, Set<string>>()
  const addressed = sayings.flatMap((saying) => {
    const { alert } = saying
    const names = told.get(alert.id) ?? new Set(alert.told)
    told.set(alert.id, names)
    return recipientsOf(saying, wording.routes).flatMap((recipient): readonly Addressed[] => {
      const notice = noticeOf(saying, wording)
      if (notice === null) return []
      names.add(recipient.notifier)
      const hold = holdUntilMs(recipient, alert.urgency, wording.nowMs)
      return [{ alert: alert.id, notifier: recipient.notifier, notice, holdUntilMs: hold }]
    })
  })
  const alerts = changed.map((alert) => {
    const names = told.get(alert.id)
    return names === undefined ? alert : { ...alert, told: [...names] }
  })
  return { alerts, addressed }
}

/** Nobody is told by a notifier that it is down; what nobody else would hear goes to the log. */
function recipientsOf({ alert, notifiers }: Saying, routes: readonly AlertRoute[]): readonly Recipient[] {
  const { recipients, escalations } = routeOf(alert, routes)
  const all = [...recipients, ...escalations.flatMap((step) => step.recipients)]
  const named = notifiers?.map(
    (name) => all.find(({ notifier }) => notifier === name) ?? { notifier: name, quiet: null },
  )
  const wanted = named ?? recipients
  const able = wanted.filter(({ notifier }) => alert.subject !== `notifier/${notifier}`)
  return able.length < wanted.length && able.length === 0 ? [{ notifier: logNotifier, quiet: null }] : able
}

function noticeOf({ alert, change }: Saying, { nowMs, linkOf }: Wording): Notice | null {
  if (alert.urgency === 'review') return null
  const how =
    change === 'resolved'
      ? [{ name: 'why', value: alert.resolvedWhy ?? '' }]
      : change === 'acknowledged'
        ? [{ name: 'by', value: alert.acknowledgedBy ?? '' }]
        : []
  return {
    alert: showAlertId(alert.id),
    change,
    rule: alert.rule,
    urgency: alert.urgency,
    queue: alert.queue,
    owner: alert.owner,
    title: alert.title,
    facts: [...how, ...alert.facts].slice(0, 10),
    next: alert.next,
    links: {
      acknowledge: change === 'resolved' || change === 'acknowledged' ? null : linkOf(alert),
      runbook: alert.runbook !== null && /^https?:\/\/\S+$/.test(alert.runbook) ? alert.runbook : null,
    },
    raisedAt: new Date(alert.raisedAtMs).toISOString(),
    at: new Date(nowMs).toISOString(),
  }
}
