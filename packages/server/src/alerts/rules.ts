import { type AlertRule, alertRuleNames, type urgencies } from '../config/index.ts'

/** The words of tiers. `page`: now. `ticket`: at working hours. `review`: nobody is told; it is in the list. */
export type Urgency = (typeof urgencies)[number]

interface Rule {
  /** What it says, for lists and documentation. */
  readonly what: string
  readonly urgency: Urgency
  /** An alert is over when its condition did not hold for so long: what comes and goes is one alert. */
  readonly quietMinutes: number
}

/** What alerts are raised by. Each can be routed, and so silenced, by its name. */
export const alertRules = {
  'first-failure': { what: 'letters die of something new', urgency: 'page', quietMinutes: 10 },
  regressed: { what: 'a cause that was fixed is back', urgency: 'page', quietMinutes: 10 },
  woken: { what: 'what a snoozed cause waited for has happened', urgency: 'ticket', quietMinutes: 10 },
  'back-again': { what: 'a cause of which nothing was left has letters again', urgency: 'page', quietMinutes: 10 },
  storm: { what: 'many alerts are raised at once', urgency: 'page', quietMinutes: 0 },
  depth: { what: 'more letters are open than the limit', urgency: 'ticket', quietMinutes: 5 },
  growth: { what: 'letters come much faster than they used to', urgency: 'page', quietMinutes: 30 },
  'death-rate': { what: 'a larger share of the messages dies than the limit', urgency: 'page', quietMinutes: 10 },
  'source-silent': { what: 'no letters come where they used to', urgency: 'review', quietMinutes: 90 },
  age: { what: 'the oldest open letter is older than the limit', urgency: 'ticket', quietMinutes: 5 },
  'run-halted': { what: 'a run stopped itself', urgency: 'page', quietMinutes: 0 },
  'automatic-stopped': {
    what: 'letters are not replayed by themselves any more, since it failed too often',
    urgency: 'ticket',
    quietMinutes: 0,
  },
  'books-unbalanced': { what: 'letters are unaccounted for', urgency: 'page', quietMinutes: 5 },
  'source-in-trouble': { what: 'a place of dead letters cannot be read', urgency: 'page', quietMinutes: 2 },
  'source-not-captured': { what: 'a place that was captured is not any more', urgency: 'ticket', quietMinutes: 5 },
  'source-expiring': {
    what: 'letters are deleted at their source before they are captured',
    urgency: 'ticket',
    quietMinutes: 5,
  },
  'queue-full': { what: 'a queue has come to its cap, or nearly', urgency: 'ticket', quietMinutes: 5 },
  'disk-nearly-full': { what: 'intake stops soon, or has stopped', urgency: 'page', quietMinutes: 5 },
  'retention-stopped': { what: 'letters whose time is over are not ended', urgency: 'ticket', quietMinutes: 5 },
  'archive-damaged': { what: 'an archive is not whole any more', urgency: 'ticket', quietMinutes: 5 },
  'erasure-stuck': { what: 'an erasure was begun a day ago and is not done', urgency: 'ticket', quietMinutes: 5 },
  'uncertain-waiting': { what: 'uncertain letters wait for a decision', urgency: 'ticket', quietMinutes: 5 },
  'line-stuck': { what: 'held letters do not move', urgency: 'ticket', quietMinutes: 5 },
  'cause-unopened': { what: 'nobody looked at a cause for days', urgency: 'ticket', quietMinutes: 5 },
  'letters-untouched': {
    what: 'letters are open for long, and nobody touched them',
    urgency: 'ticket',
    quietMinutes: 5,
  },
  'queue-without-owner': { what: 'letters wait in a queue that nobody owns', urgency: 'ticket', quietMinutes: 5 },
  'notifier-down': { what: 'a notifier delivers nothing', urgency: 'page', quietMinutes: 2 },
} as const satisfies Readonly<Record<AlertRule, Rule>>

export { type AlertRule, alertRuleNames }

/** Those that are about causes, one alert for each cause and change of its state. */
export const causeRules = ['first-failure', 'regressed', 'woken', 'back-again'] as const satisfies readonly AlertRule[]
