import type { Notice, NoticeChange, Notifier } from '../alerts/index.ts'
import type { PagerDutyConfig } from '../config/index.ts'
import { command, cut, withoutLinks } from './foreign-text.ts'
import { type Judgement, post } from './post.ts'
import { headline, linksOf, shownFacts } from './said.ts'

/** What is said again triggers again: whoever resolved it over there, and not here, hears that it is still so. */
const actions: Readonly<Record<NoticeChange, 'trigger' | 'acknowledge' | 'resolve'>> = {
  raised: 'trigger',
  repeated: 'trigger',
  escalated: 'trigger',
  acknowledged: 'acknowledge',
  resolved: 'resolve',
  test: 'trigger',
  review: 'trigger',
}

export function pagerDutyNotifier(
  name: string,
  { url, routingKey, perMinute }: Pick<PagerDutyConfig, 'url' | 'routingKey' | 'perMinute'>,
): Notifier {
  return {
    name,
    perMinute,
    deliver: ({ notice }, signal) =>
      post(
        url,
        { body: JSON.stringify(pagerDutyEvent(notice, routingKey)), headers: {}, judge: judgeOfPagerDuty },
        signal,
      ),
  }
}

/** Version 2 of the Events API. All that is said of an alert is one alert there. @see https://developer.pagerduty.com/docs/send-alert-event */
export function pagerDutyEvent(notice: Notice, routingKey: string): object {
  const action = actions[notice.change]
  const event = { routing_key: routingKey, event_action: action, dedup_key: cut(notice.alert, 255) }
  if (action !== 'trigger') return event
  return {
    ...event,
    client: 'Redrive',
    payload: {
      summary: withoutLinks(headline(notice), 1_024) || notice.rule,
      source: withoutLinks(notice.queue ?? '', 255) || 'redrive',
      severity: severityOf(notice),
      timestamp: notice.raisedAt,
      ...(notice.owner === null ? {} : { group: withoutLinks(notice.owner, 255) }),
      class: notice.rule,
      custom_details: detailsOf(notice),
    },
    links: linksOf(notice).map(({ label, href }) => ({ href, text: label })),
  }
}

function severityOf({ change, urgency }: Notice): 'critical' | 'warning' | 'info' {
  if (change === 'test' || change === 'review') return 'info'
  return urgency === 'page' ? 'critical' : 'warning'
}

/** A storm names many alerts of one rule, so a name that is taken is counted on. */
function detailsOf(notice: Notice): Readonly<Record<string, string>> {
  const details = new Map<string, string>()
  for (const { name, value } of shownFacts(notice)) {
    const short = withoutLinks(name, 200)
    let free = short
    for (let count = 2; details.has(free); count += 1) free = `${short} ${count}`
    details.set(free, withoutLinks(value, 2_000))
  }
  if (notice.next !== null) details.set('next', command(notice.next, 2_000))
  return Object.fromEntries(details)
}

/** It accepts with 202 or says so; another 2xx is somebody else's. A key that nobody knows, or knows any more, is not of the event. */
function judgeOfPagerDuty({ status, text }: { readonly status: number; readonly text: string }): Judgement {
  const isTaken = status === 202 || /"status"\s*:\s*"success"/.test(text)
  if (status >= 200 && status < 300)
    return isTaken ? { kind: 'delivered' } : { kind: 'later', says: 'and accepted nothing' }
  return status === 400 && /routing[_ ]key/i.test(text) ? { kind: 'later', says: 'because of the routing key' } : {}
}
