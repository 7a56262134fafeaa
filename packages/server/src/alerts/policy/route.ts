import { type AlertRoute, logNotifier, type QuietTime } from '../../config/index.ts'
import type { About } from '../alert.ts'
import { matchesAny } from './matches.ts'
import { quietUntilMs } from './quiet.ts'

/** Somebody to be told. */
export interface Recipient {
  readonly notifier: string
  readonly quiet: QuietTime | null
}

export interface Routed {
  readonly recipients: readonly Recipient[]
  /** The soonest first. */
  readonly escalations: readonly { readonly afterMinutes: number; readonly recipients: readonly Recipient[] }[]
}

/**
 * Who is told of an alert; of what no route speaks of the office's own log, so that nothing is seen by nobody. That a notifier is down is of no queue and
 * no owner, so by routes nobody may hear of it but that notifier: all are told whom any route names, unless one names the rule.
 */
export function routeOf(about: About, routes: readonly AlertRoute[]): Routed {
  const ways: AlertRoute[] = []
  for (const route of routes) {
    if (!isFor(route, about)) continue
    ways.push(route)
    if (route.continue !== true) break
  }
  const isForAll = about.rule === 'notifier-down' && !ways.some(({ rules }) => rules?.includes(about.rule))
  if (ways.length === 0 && !isForAll) return { recipients: [theLog], escalations: [] }
  return {
    recipients: isForAll ? everybody(routes) : once(ways.flatMap((way) => recipientsOf(way.notify, way.quiet))),
    escalations: ways
      .flatMap(({ escalate = [], quiet }) =>
        escalate.map(({ afterMinutes, notify }) => ({ afterMinutes, recipients: once(recipientsOf(notify, quiet)) })),
      )
      .toSorted((a, b) => a.afterMinutes - b.afterMinutes),
  }
}

/** Until when a recipient is left in peace; `null`: is told now. */
export function holdUntilMs({ quiet }: Recipient, urgency: About['urgency'], nowMs: number): number | null {
  if (quiet === null || (urgency === 'page' && quiet.pages !== true)) return null
  return quietUntilMs(quiet, nowMs)
}

const theLog: Recipient = { notifier: logNotifier, quiet: null }

function everybody(routes: readonly AlertRoute[]): readonly Recipient[] {
  const named = routes.flatMap(({ notify, escalate = [], quiet }) =>
    [notify, ...escalate.map((step) => step.notify)].flatMap((names) => recipientsOf(names, quiet)),
  )
  return once([...named, theLog])
}

function isFor({ queues, tiers, rules, owners, urgencies }: AlertRoute, about: About): boolean {
  return (
    matchesAny(queues, about.queue) &&
    (tiers === undefined || (about.tier !== null && tiers.includes(about.tier))) &&
    (rules === undefined || rules.includes(about.rule)) &&
    (owners === undefined || (about.owner !== null && owners.includes(about.owner))) &&
    (urgencies === undefined || urgencies.includes(about.urgency))
  )
}

function recipientsOf(notify: readonly string[], quiet: QuietTime | undefined): readonly Recipient[] {
  return notify.map((notifier) => ({ notifier, quiet: quiet ?? null }))
}

function once(recipients: readonly Recipient[]): readonly Recipient[] {
  return recipients.filter(({ notifier }, at) => recipients.findIndex((each) => each.notifier === notifier) === at)
}
