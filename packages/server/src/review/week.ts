import { type Weekday, weekdays } from '../config/index.ts'

const dayMs = 86_400_000

export interface Span {
  readonly fromMs: number
  /** The first that is not in it. */
  readonly toMs: number
}

/**
 * Of a week as `2026-W47`, in local time, so that one with a change to or from summer time is an hour shorter or longer. `null`: there is no such week.
 * @see ISO 8601: weeks begin on Monday, and the first of a year holds its 4 January
 */
export function weekSpan(week: string, zone: string): Span | null {
  const mondayMs = mondayOf(week)
  if (mondayMs === null) return null
  return { fromMs: instantOf(mondayMs, zone), toMs: instantOf(mondayMs + 7 * dayMs, zone) }
}

/** The week that an instant is in. */
export function weekAt(ms: number, zone: string): string {
  const day = Math.floor(wallMs(ms, zone) / dayMs) * dayMs
  const thursday = new Date(day + (3 - dayOfWeek(day)) * dayMs)
  const year = thursday.getUTCFullYear()
  const week = 1 + Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * dayMs))
  return `${year}-W${String(week).padStart(2, '0')}`
}

/** The week before the one that an instant is in. */
export function lastWeekAt(ms: number, zone: string): string {
  const monday = mondayOf(weekAt(ms, zone)) ?? 0
  return weekAt(instantOf(monday - 3 * dayMs, zone), zone)
}

/** When the review of a week is due: at that day and time of the week after it. @param at as `mon 08:00` */
export function dueMs(week: string, { at, zone }: { readonly at: string; readonly zone: string }): number {
  const [day = '', time = ''] = at.split(' ')
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  const days = Math.max(0, weekdays.indexOf(day as Weekday))
  return instantOf((mondayOf(week) ?? 0) + (7 + days) * dayMs + (hours * 60 + minutes) * 60_000, zone)
}

/** Midnight of its Monday, read as if it were UTC. */
function mondayOf(week: string): number | null {
  const [, year, number] = /^(\d{4})-W(\d{2})$/.exec(week) ?? []
  if (year === undefined || number === undefined) return null
  const fourth = Date.UTC(Number(year), 0, 4)
  const mondayMs = fourth - dayOfWeek(fourth) * dayMs + (Number(number) - 1) * 7 * dayMs
  return weekAt(mondayMs, 'UTC') === week ? mondayMs : null
}

/** From 0, a Monday. */
function dayOfWeek(ms: number): number {
  return (new Date(ms).getUTCDay() + 6) % 7
}

/** What the clocks of a zone show, as if they showed UTC. */
function wallMs(ms: number, zone: string): number {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    hourCycle: 'h23',
  })
  const part = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]))
  return Date.UTC(
    part['year'] ?? 0,
    (part['month'] ?? 1) - 1,
    part['day'] ?? 1,
    part['hour'] ?? 0,
    part['minute'] ?? 0,
    part['second'] ?? 0,
  )
}

/** The instant at which the clocks of a zone show that; the later one in the hour that they leave out. */
function instantOf(wall: number, zone: string): number {
  const near = wall - (wallMs(wall, zone) - wall)
  return wall - (wallMs(near, zone) - near)
}
