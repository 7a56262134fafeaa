import type { Finding } from '../../doctor/index.ts'
import type { Condition } from '../alert.ts'
import { type AlertRule, alertRules } from '../rules.ts'
import { placeOf } from './lasting.ts'
import { mostOfTitle, oneLine } from './one-line.ts'

/** Findings of the doctor that somebody is told of; the others are advice. */
export const findingRules = [
  'books-unbalanced',
  'source-in-trouble',
  'source-not-captured',
  'source-expiring',
  'queue-full',
  'disk-nearly-full',
  'retention-stopped',
  'archive-damaged',
  'erasure-stuck',
  'uncertain-waiting',
  'line-stuck',
  'cause-unopened',
  'letters-untouched',
  'queue-without-owner',
] as const satisfies readonly AlertRule[]

/** A finding is what it is about: its code and its queue, or else its words. @param owners by queue */
export function findingConditions(
  findings: readonly Finding[],
  owners: ReadonlyMap<string, string | null>,
): readonly Condition[] {
  const bySubject = new Map<string, Condition>()
  for (const finding of findings) {
    const rule =
      findingRules.find((each) => each === finding.code) ??
      (finding.code === 'queue-undocumented' ? 'queue-without-owner' : undefined)
    // Nothing waits in a queue of which there is only advice.
    if (rule === undefined || finding.severity === 'advice') continue
    const { queue, what, why, next, place } = finding
    const about =
      queue ?? place ?? (rule === 'source-in-trouble' || rule === 'source-not-captured' ? placeOf(finding) : '')
    const condition: Condition = {
      rule,
      subject: `${rule}/${about}`,
      queue,
      causeId: null,
      tier: null,
      owner: queue === null ? null : (owners.get(queue) ?? null),
      urgency: alertRules[rule].urgency,
      title: oneLine(`${queue === null ? '' : `${oneLine(queue, 60)}: `}${what}`, mostOfTitle),
      facts: [{ name: 'why', value: oneLine(why, 500) }],
      next,
      runbook: null,
      over: null,
      isEmpty: false,
      takenBy: null,
    }
    const all =
      (rule === 'source-expiring' || rule === 'queue-full') && finding.severity === 'problem'
        ? asUrgent(condition)
        : [condition]
    for (const each of all) bySubject.set(each.subject, each)
  }
  return [...bySubject.values()]
}

/** What has no time any more is another conversation, for a page; whoever took the ticket knew of days. */
function asUrgent(condition: Condition): readonly Condition[] {
  return [
    { ...condition, over: 'it is urgent by now, and told anew' },
    { ...condition, subject: `${condition.subject}/now`, urgency: 'page' },
  ]
}
