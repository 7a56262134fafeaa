import type { Alert } from '../alert.ts'
import type { NoticeChange } from '../notice.ts'

/** Something that is to be said of an alert as it is now. */
export interface Saying {
  readonly alert: Alert
  readonly change: Exclude<NoticeChange, 'test'>
  /** Who; without it those of its route, or those who were told before of what it ends. */
  readonly notifiers?: readonly string[]
}

export interface Conversed {
  /** Alerts that are new or not as they were. */
  readonly changed: readonly Alert[]
  readonly sayings: readonly Saying[]
}
