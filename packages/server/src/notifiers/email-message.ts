import { domainToASCII } from 'node:url'
import type { Notice } from '../alerts/index.ts'
import { command, oneLine, withoutLinks } from './foreign-text.ts'
import { headline, isItself, isOpen, linksOf, shownFacts } from './said.ts'

export interface EmailMessage {
  readonly subject: string
  /** Plain text, and nothing else: what is no markup cannot be injected. */
  readonly text: string
  readonly date: Date
  readonly messageId: string
  readonly inReplyTo?: string
  readonly references?: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Its id is the same for each try, so that mail programs show it once. What is said later of an alert answers what was said first, also where that
 * went to somebody else.
 */
export function emailMessage(
  { key, notice }: { readonly key: string; readonly notice: Notice },
  { name, from }: { readonly name: string; readonly from: string },
): EmailMessage {
  const domain = domainToASCII(from.slice(from.lastIndexOf('@') + 1)) || 'redrive.invalid'
  const idOf = (of: string): string => `<${of}.${name}@${domain}>`
  const first = idOf(notice.alert)
  const isFirst = isItself(notice.change)
  return {
    // What reads as an encoded word would be decoded by whoever shows it.
    subject: oneLine(`[${notice.urgency}] ${headline(notice)}`, 250).replaceAll('=?', '= ?'),
    text: textOf(notice),
    date: new Date(notice.at),
    messageId: isFirst ? first : idOf(key),
    ...(isFirst ? {} : { inReplyTo: first, references: first }),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
  }
}

function textOf(notice: Notice): string {
  const { urgency, rule, queue, owner, alert, next, raisedAt, change } = notice
  const whose = [
    urgency,
    rule,
    ...(queue === null ? [] : [`queue ${withoutLinks(queue, 249)}`]),
    ...(owner === null ? [] : [`owner ${withoutLinks(owner, 200)}`]),
    ...(owner === null && queue !== null ? ['nobody owns it'] : []),
    alert,
  ]
  return [
    withoutLinks(headline(notice), 1_000),
    '',
    ...shownFacts(notice).map(({ name, value }) => `${withoutLinks(name, 200)}: ${withoutLinks(value, 2_000)}`),
    '',
    ...(next === null || !isOpen(change) ? [] : [`Next: ${command(next, 2_000)}`]),
    ...linksOf(notice).map(({ label, href }) => `${label}: ${href}`),
    '',
    whose.join(' · '),
    `Since ${raisedAt}`,
    '',
  ].join('\n')
}
