import type { Fact, Notice } from '../alerts/index.ts'

/** What changed comes first: a telephone shows the beginning. */
export function headline({ change, title }: Pick<Notice, 'change' | 'title'>): string {
  return isItself(change) ? title : `${change}: ${title}`
}

/** Of these the title says what happened. */
export function isItself(change: Notice['change']): boolean {
  return change === 'raised' || change === 'test' || change === 'review'
}

/** How it is now; of what is over or taken, who and why is enough. */
export function shownFacts({ change, facts }: Pick<Notice, 'change' | 'facts'>): readonly Fact[] {
  return facts.slice(0, isOpen(change) ? 10 : 1)
}

/** Whether somebody is asked to do something. */
export function isOpen(change: Notice['change']): boolean {
  return change !== 'acknowledged' && change !== 'resolved'
}

export interface Link {
  readonly label: string
  readonly href: string
}

/** Only what a browser opens, and nothing that shows one host and leads to another. */
export function linksOf({ links }: Pick<Notice, 'links'>): readonly Link[] {
  return Object.entries({ Acknowledge: links.acknowledge, Runbook: links.runbook }).flatMap(([label, text]) => {
    const url = text === null || text.length > mostOfLink ? null : URL.parse(text)
    const isSafe = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
    return isSafe && url.href.length <= mostOfLink ? [{ label, href: url.href }] : []
  })
}

const mostOfLink = 2_000
