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
  'disk-nearly-full',
  'retention-stopped',
  'archive-damaged',
  'uncertain-waiting',
  'line-stuck',
  'cause-unopened',
  'letters-untouched',
  'queue-without-owner',
] as const satisfies readonly AlertRule[]

/** Of which there can be several without a queue: told apart by their words. */
const placed: readonly AlertRule[] = ['source-in-trouble', 'source-not-captured', 'archive-damaged']

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
    const { queue, what, why, next } = finding
    const subject = `${rule}/${queue ?? (placed.includes(rule) ? placeOf(finding) : '')}`
    bySubject.set(subject, {
      rule,
      subject,
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
    })
  }
  return [...bySubject.values()]
}
