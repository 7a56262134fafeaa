import type { Store } from '../../store/store.ts'
import { dueMs, lastWeekAt, weekAt } from '../week.ts'
import { readSchedule, type Schedule } from './read-schedule.ts'

export interface ScheduleView extends Schedule {
  /** Names that no notifier has that could take a review: their reviews go to the log. */
  readonly unknown: readonly string[]
  /** The next that is to be sent; `null`: to nobody. */
  readonly next: { readonly week: string; readonly at: string } | null
  /** The newest that was sent. */
  readonly last: { readonly week: string; readonly at: string } | null
}

/** @param able names of notifiers that can take a review */
export async function showSchedule(
  store: Store,
  { able, nowMs }: { readonly able: readonly string[]; readonly nowMs: number },
): Promise<ScheduleView> {
  const schedule = await readSchedule(store.pool)
  const { rows } = await store.pool.query<{ week: string; sent_at: Date }>(
    'select week, sent_at from review where sent_at is not null order by week desc limit 1',
  )
  const [sent] = rows
  return {
    ...schedule,
    unknown: schedule.notify.value.filter((name) => !able.includes(name)),
    next: schedule.notify.value.length === 0 ? null : nextOf(schedule, { nowMs, sent: sent?.week ?? null }),
    last: sent === undefined ? null : { week: sent.week, at: sent.sent_at.toISOString() },
  }
}

function nextOf(
  { zone, at }: Schedule,
  { nowMs, sent }: { readonly nowMs: number; readonly sent: string | null },
): { readonly week: string; readonly at: string } {
  const last = lastWeekAt(nowMs, zone.value)
  const said = { at: at.value, zone: zone.value }
  const week = dueMs(last, said) > nowMs && (sent === null || sent < last) ? last : weekAt(nowMs, zone.value)
  return { week, at: new Date(dueMs(week, said)).toISOString() }
}
