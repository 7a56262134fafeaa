import { randomUUID } from 'node:crypto'
import { type Clock, systemClock } from '@redrive/worker'
import { writeNotice } from '../alerts/index.ts'
import type { ReviewConfig } from '../config/index.ts'
import { repeated } from '../repeated.ts'
import type { Store } from '../store/store.ts'
import type { OfficeFacts } from './judge-queues.ts'
import { hasBegunBefore, reviewOf } from './keep-review.ts'
import { noticeOf } from './render/notice-of.ts'
import { dueMs, lastWeekAt, weekSpan } from './week.ts'

const everyMs = 60_000

export interface WatchReviewsOptions {
  /** As it counts now: it may be changed while the office runs. */
  readonly schedule: () => Promise<ReviewConfig>
  readonly facts: () => OfficeFacts
  /** Something is to be delivered. */
  readonly onWritten: () => void
  readonly tell: (line: string) => void
  readonly clock?: Clock
}

/** Makes the review of each week once it is over, so that it stays as it was then, and sends it when it is due; late rather than never. */
export function watchReviews(store: Store, options: WatchReviewsOptions): { stop(): Promise<void> } {
  const { onWritten, tell, clock = systemClock } = options
  let done: string | null = null
  let before = ''
  const look = async (): Promise<void> => {
    const schedule = await options.schedule()
    const said = JSON.stringify(schedule)
    // What was done was done for another schedule.
    if (said !== before) done = null
    before = said
    const looked = await lookForReview(store, { ...schedule, ...options.facts(), done, nowMs: clock.now() })
    done = looked.done
    if (looked.isSent) onWritten()
  }
  return repeated(look, { everyMs, problem: 'the review of the week could not be made', tell, clock })
}

/**
 * Makes what is to be made now, and sends what is due.
 * @param done the week of which nothing is left to do
 */
export async function lookForReview(
  store: Store,
  {
    zone,
    at,
    notify,
    done,
    nowMs,
    ...facts
  }: OfficeFacts & ReviewConfig & { readonly done: string | null; readonly nowMs: number },
): Promise<{ readonly done: string | null; readonly isSent: boolean }> {
  const week = lastWeekAt(nowMs, zone)
  const span = weekSpan(week, zone)
  if (week === done || span === null || !(await hasBegunBefore(store, span.toMs))) return { done, isSent: false }
  const review = await reviewOf(store, { ...facts, week, zone, nowMs })
  if (notify.length === 0) return { done: week, isSent: false }
  if (nowMs < dueMs(week, { at, zone })) return { done, isSent: false }
  const isSent = await store.transaction(async (client) => {
    const { rowCount } = await client.query('update review set sent_at = now() where week = $1 and sent_at is null', [
      week,
    ])
    if (rowCount !== 1) return false
    const notice = noticeOf(review, nowMs)
    for (const notifier of notify) await writeNotice(client, { key: randomUUID(), notifier, notice })
    return true
  })
  return { done: week, isSent }
}
