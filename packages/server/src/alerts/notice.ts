/** What an alert is about; each is a rule that can be routed. `first-failure`: the first letter of a new cause. */
export const alertRules = {
  'first-failure': 'letters die of something new',
  regressed: 'a cause that was fixed is back',
  woken: 'what a snoozed cause waited for has happened',
  'back-again': 'a cause of which nothing was open has letters again',
  depth: 'a queue or a tier has more open letters than its limit',
  growth: 'letters come much faster than they used to',
  age: 'the oldest open letter is older than its limit',
  'run-halted': 'a run stopped itself',
  'cause-unopened': 'nobody looked at a cause for days',
  'queue-without-owner': 'letters wait in a queue that nobody owns',
  'source-in-trouble': 'a place of dead letters cannot be read',
  'source-not-captured': 'a place that was captured is not any more',
  'books-unbalanced': 'letters are unaccounted for',
  'disk-nearly-full': 'intake will stop',
  'uncertain-waiting': 'uncertain letters wait for a decision',
  'line-stuck': 'held letters do not move',
  'notifier-down': 'somebody cannot be told',
} as const
export type AlertRule = keyof typeof alertRules

/** `page`: somebody should look now. `ticket`: somebody should see to it at working hours. */
export type Urgency = 'page' | 'ticket'

/**
 * `storm`: several new alerts of one queue, said once. `repeated`: still so, and nobody took it. `escalated`: said to others, because nobody took
 * it. `acknowledged` and `resolved` end what the others began. `test`: somebody tries a notifier.
 */
export const noticeChanges = [
  'raised',
  'storm',
  'repeated',
  'escalated',
  'acknowledged',
  'resolved',
  'test',
] as const
export type NoticeChange = (typeof noticeChanges)[number]

/**
 * What is said to one notifier about one alert, as it was when it was said. Every text in it may come from a dead letter: a notifier escapes it for
 * where it goes, and cuts what is too long there.
 */
export interface Notice {
  /** The conversation, `a_…`: the same for all that is said of an alert. */
  readonly alert: string
  readonly change: NoticeChange
  readonly rule: AlertRule | 'test'
  readonly urgency: Urgency
  readonly queue: string | null
  readonly owner: string | null
  /** One line that says enough on a telephone, at most 200 characters. */
  readonly title: string
  /** At most ten, in the order in which they are shown. */
  readonly facts: readonly { readonly name: string; readonly value: string }[]
  /** What to type next. */
  readonly next: string | null
  readonly links: {
    /** A page where one click takes the alert; needs no token, for it holds a secret of its own. */
    readonly acknowledge: string | null
    readonly runbook: string | null
  }
  /** RFC 3339, both. */
  readonly raisedAt: string
  readonly at: string
}
