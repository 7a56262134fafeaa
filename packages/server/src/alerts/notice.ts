import type { AlertRule, Urgency } from './rules.ts'

/**
 * `repeated`: still so, and nobody took it. `escalated`: said to others, because nobody took it. `acknowledged` and `resolved` end what the others
 * began. `test`: somebody tries a notifier. `review`: the review of a week, which is no alert.
 */
export const noticeChanges = ['raised', 'repeated', 'escalated', 'acknowledged', 'resolved', 'test', 'review'] as const
export type NoticeChange = (typeof noticeChanges)[number]

export interface Fact {
  readonly name: string
  readonly value: string
}

/**
 * What is said to one notifier about one alert, as it was when it was said. Every text in it may come from a dead letter: a notifier escapes it for
 * where it goes, and cuts what is too long there.
 */
export interface Notice {
  /** The conversation, `a_…`: the same for all that is said of an alert. */
  readonly alert: string
  readonly change: NoticeChange
  readonly rule: AlertRule | 'test' | 'review'
  readonly urgency: Exclude<Urgency, 'review'>
  readonly queue: string | null
  readonly owner: string | null
  /** One line that says enough on a telephone, at most 200 characters. */
  readonly title: string
  /** At most ten, in the order in which they are shown. */
  readonly facts: readonly Fact[]
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
