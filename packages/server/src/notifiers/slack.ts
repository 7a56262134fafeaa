import type { Notice, Notifier } from '../alerts/index.ts'
import type { SlackConfig } from '../config/index.ts'
import { oneLine, withoutLinks, withoutMarkup } from './foreign-text.ts'
import { type Judgement, post } from './post.ts'
import { headline, isOpen, linksOf, shownFacts } from './said.ts'

/** @see https://docs.slack.dev/reference/block-kit/blocks */
const most = { header: 150, text: 3_000, field: 2_000 } as const

export function slackNotifier(name: string, { url, perMinute }: Pick<SlackConfig, 'url' | 'perMinute'>): Notifier {
  return {
    name,
    perMinute,
    deliver: ({ notice }, signal) =>
      post(url, { body: JSON.stringify(slackMessage(notice)), headers: {}, judge: judgeOfSlack }, signal),
  }
}

/**
 * Foreign text stands in `plain_text` alone, of which Slack makes no links, mentions or markup. Only `text`, which telephones show, is read as markup
 * in some places, so it is escaped as Slack says, and holds nothing that looks like a link.
 */
export function slackMessage(notice: Notice): object {
  const said = `${markOf(notice)} ${headline(notice)}`
  const title = plain(said, most.header)
  return {
    text: withoutLinks(said, most.header).replaceAll('&', '&amp;'),
    mrkdwn: false,
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: 'header', text: title },
      ...(oneLine(said, most.text).length > most.header ? [section(said)] : []),
      ...fieldsOf(notice),
      ...(notice.next === null || !isOpen(notice.change) ? [] : [section(`Next: ${notice.next}`)]),
      ...buttonsOf(notice),
      { type: 'context', elements: [sinceWhen(notice), plain(whose(notice), most.field)] },
    ],
  }
}

function markOf({ change, urgency }: Notice): string {
  if (change === 'test') return '🧪'
  if (change === 'review') return '🗓️'
  if (change === 'acknowledged') return '👀'
  if (change === 'resolved') return '✅'
  return urgency === 'page' ? '🔴' : '🟡'
}

function plain(text: string, length: number): object {
  return { type: 'plain_text', text: withoutMarkup(text, length), emoji: false }
}

function section(text: string): object {
  return { type: 'section', text: plain(text, most.text) }
}

function fieldsOf(notice: Notice): readonly object[] {
  const fields = shownFacts(notice).map(({ name, value }) => ({
    type: 'plain_text',
    text: `${withoutMarkup(name, 200)}\n${withoutMarkup(value, most.field - 201)}`,
    emoji: false,
  }))
  return fields.length === 0 ? [] : [{ type: 'section', fields }]
}

function buttonsOf(notice: Notice): readonly object[] {
  const buttons = linksOf(notice).map(({ label, href }) => ({
    type: 'button',
    text: plain(label, 75),
    url: href,
    action_id: label.toLowerCase(),
  }))
  return buttons.length === 0 ? [] : [{ type: 'actions', elements: buttons }]
}

/** In the zone and the form of whoever reads it. The only markup: nothing in it is foreign. */
function sinceWhen({ raisedAt }: Notice): object {
  const date = new Date(raisedAt)
  const otherwise = date.toISOString().slice(0, 19).replace('T', ' ')
  return {
    type: 'mrkdwn',
    text: `Since <!date^${Math.floor(date.getTime() / 1_000)}^{date_short_pretty} {time_secs}|${otherwise} UTC>`,
    verbatim: true,
  }
}

function whose({ urgency, rule, queue, owner, alert }: Notice): string {
  return [
    urgency,
    rule,
    ...(queue === null ? [] : [`queue ${oneLine(queue, 249)}`]),
    ...(owner === null ? [] : [`owner ${oneLine(owner, 200)}`]),
    ...(owner === null && queue !== null ? ['nobody owns it'] : []),
    alert,
  ].join(' · ')
}

/** Slack answers `ok` or a word; another 2xx is somebody else's. @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
function judgeOfSlack({ status, text }: { readonly status: number; readonly text: string }): Judgement {
  const word = text.trim()
  if (status >= 200 && status < 300)
    return word === 'ok' ? { kind: 'delivered' } : { kind: 'later', says: 'without the ok of Slack' }
  if (!/^[a-z_]{2,60}$/.test(word)) return {}
  return { says: word, ...(ofTheChannel.has(word) ? { kind: 'later' } : {}) }
}

/** Not of the message, but of where it goes, whatever their status: they pass once that is mended. */
const ofTheChannel: ReadonlySet<string> = new Set([
  'action_prohibited',
  'channel_is_archived',
  'channel_not_found',
  'invalid_token',
  'no_active_hooks',
  'no_service',
  'no_service_id',
  'no_team',
  'posting_to_general_channel_denied',
  'rollup_error',
  'team_disabled',
  'user_not_found',
])
