import { randomUUID } from 'node:crypto'
import { type Clock, systemClock } from '@redrive/worker'
import { writeNotice } from '../alerts/index.ts'
import type { ReviewConfig } from '../config/index.ts'
import { repeated } from '../repeated.ts'
import type { Store } from '../store/store.ts'
import type { OfficeFacts } from './judge-queues.ts'
import { forgetWhatIsAhead, hasBegunBefore, reviewOf, unsentOf } from './keep-review.ts'
import { noticeOf } from './render/notice-of.ts'
import { dueMs, lastWeekAt, weekSpan } from './week.ts'

const everyMs = 60_000
/** What is older than so many weeks is no news to anybody. */
const mostWeeks = 4

export interface WatchReviewsOptions {
  /** As it counts now: it may be changed while the office runs. */
  readonly schedule: () => Promise<ReviewConfig>
  readonly facts: () => OfficeFacts
  /** Something is to be delivered. */
  readonly onWritten: () => void
  readonly tell: (line: string) => void
  readonly clock?: Clock
}

/** Makes the review of each week once it is over, so that it stays as it was then, and sends it when it is due; late rather than never, if the office was away. */
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
 * Makes what is to be made now, and sends what is due: of the last weeks those that nobody was sent, the oldest first.
 * @param done the last week when nothing was left to do; `null`: look again
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
  await forgetWhatIsAhead(store, nowMs)
  const last = lastWeekAt(nowMs, zone)
  if (last === done) return { done, isSent: false }
  if (!(await isKnown(store, last, zone))) return { done: null, isSent: false }
  // That of the last week stays as it was when the week ended, so it is made before it is due.
  await reviewOf(store, { ...facts, week: last, zone, nowMs })
  if (notify.length === 0) return { done: null, isSent: false }
  let isSent = false
  for (const week of await unsentOf(store, await weeksUntil(store, last, zone))) {
    if (nowMs < dueMs(week, { at, zone })) return { done: null, isSent }
    const review = await reviewOf(store, { ...facts, week, zone, nowMs })
    const notice = noticeOf(review, nowMs)
    isSent = (await send(store, { week, notify, notice, nowMs })) || isSent
  }
  return { done: last, isSent }
}

/** Those that the office knows something of, the oldest first. */
async function weeksUntil(store: Store, last: string, zone: string): Promise<readonly string[]> {
  const weeks = [last]
  while (weeks.length < mostWeeks) {
    const before = lastWeekAt(weekSpan(weeks[0] ?? last, zone)?.fromMs ?? 0, zone)
    if (!(await isKnown(store, before, zone))) break
    weeks.unshift(before)
  }
  return weeks
}

async function isKnown(store: Store, week: string, zone: string): Promise<boolean> {
  const span = weekSpan(week, zone)
  return span !== null && hasBegunBefore(store, span.toMs)
}

/** Once, whichever offices look at the same time. */
function send(
  store: Store,
  {
    week,
    notify,
    notice,
    nowMs,
  }: {
    readonly week: string
    readonly notify: readonly string[]
    readonly notice: ReturnType<typeof noticeOf>
    readonly nowMs: number
  },
): Promise<boolean> {
  return store.transaction(async (client) => {
    const { rowCount } = await client.query('update review set sent_at = $2 where week = $1 and sent_at is null', [
      week,
      new Date(nowMs),
    ])
    if (rowCount !== 1) return false
    for (const notifier of notify) await writeNotice(client, { key: randomUUID(), notifier, notice })
    return true
  })
}
