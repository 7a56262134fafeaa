import type { Notice, Notifier } from '../alerts/index.ts'
import type { AlertmanagerConfig } from '../config/index.ts'
import { command, oneLine, withoutLinks } from './foreign-text.ts'
import { post } from './post.ts'
import { linksOf } from './said.ts'

const minuteMs = 60_000
const dayMs = 86_400_000

/**
 * How long it counts there unless something else is said. An alert that nobody takes is said again within a day or, as a ticket, seven, and later by
 * at most a quiet time; of one that is taken nothing is said before it is over.
 */
const counts = { untaken: 14 * dayMs, taken: 90 * dayMs, test: 5 * minuteMs } as const
/** An end that its clock does not see as past is overruled by the later end that was said before, so clocks may differ by so much. */
const clocksDifferMs = minuteMs

export function alertmanagerNotifier(
  name: string,
  { url, perMinute, ...login }: Omit<AlertmanagerConfig, 'type'>,
): Notifier {
  const address = `${url.replace(/\/+$/, '')}/api/v2/alerts`
  const headers = authorizationOf(login)
  return {
    name,
    perMinute,
    deliver: ({ notice }, signal) => post(address, { body: JSON.stringify(alertsOf(notice)), headers }, signal),
  }
}

function authorizationOf({ user, password, token }: Pick<AlertmanagerConfig, 'user' | 'password' | 'token'>): {
  readonly authorization?: string
} {
  if (token !== undefined) return { authorization: `Bearer ${token}` }
  if (user === undefined) return {}
  return { authorization: `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}` }
}

/**
 * Labels are what an alert is known by, so nothing that changes while it lasts is among them: an owner is an annotation. Only a storm changes its
 * urgency; then it ends under the other one.
 */
export function alertsOf(notice: Notice): readonly object[] {
  const { rule, urgency, change } = notice
  const alert = { labels: labelsOf(notice, urgency), annotations: annotationsOf(notice), ...timesOf(notice, change) }
  if (rule !== 'storm') return [alert]
  const other = labelsOf(notice, urgency === 'page' ? 'ticket' : 'page')
  return [alert, { labels: other, annotations: {}, ...timesOf(notice, 'resolved') }]
}

function labelsOf({ rule, alert, queue }: Notice, severity: Notice['urgency']): Readonly<Record<string, string>> {
  const camel = rule.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())
  return {
    alertname: `Redrive${camel}`,
    alert,
    rule,
    severity,
    ...(queue === null ? {} : { queue: oneLine(queue, 249) }),
  }
}

/** It hands them on to chats and mail as they are, so they hold no markup and no links but ours. */
function annotationsOf(notice: Notice): Readonly<Record<string, string>> {
  const { title, facts, next, owner, change } = notice
  const [acknowledge, runbook] = ['Acknowledge', 'Runbook'].map(
    (wanted) => linksOf(notice).find(({ label }) => label === wanted)?.href,
  )
  const lines = facts.slice(0, 10).map(({ name, value }) => `${withoutLinks(name, 200)}: ${withoutLinks(value, 2_000)}`)
  return {
    summary: withoutLinks(title, 300),
    description: lines.join('\n'),
    ...(owner === null ? {} : { owner: withoutLinks(owner, 200) }),
    ...(change === 'acknowledged' ? { acknowledged_by: withoutLinks(facts[0]?.value ?? '', 200) } : {}),
    ...(next === null ? {} : { next: command(next, 2_000) }),
    ...(acknowledge === undefined ? {} : { acknowledge_url: acknowledge }),
    ...(runbook === undefined ? {} : { runbook_url: runbook }),
  }
}

function timesOf(
  { raisedAt, at }: Notice,
  change: Notice['change'],
): { readonly startsAt: string; readonly endsAt: string } {
  const raisedMs = Date.parse(raisedAt)
  const endsMs = Date.parse(at) + countsMs(change)
  return {
    startsAt: new Date(Math.min(raisedMs, endsMs)).toISOString(),
    endsAt: new Date(endsMs).toISOString(),
  }
}

function countsMs(change: Notice['change']): number {
  if (change === 'resolved') return -clocksDifferMs
  if (change === 'acknowledged') return counts.taken
  return change === 'test' || change === 'review' ? counts.test : counts.untaken
}
