import { type QuietTime, weekdays } from '../../config/index.ts'

const minuteMs = 60_000
const mostMinutes = 8 * 1_440

/** When the quiet time is over that it is now; `null` when it is not quiet. In local time, so that it follows summer time. */
export function quietUntilMs(quiet: QuietTime, nowMs: number): number | null {
  const isQuiet = quietness(quiet)
  if (!isQuiet(nowMs)) return null
  const minute = Math.floor(nowMs / minuteMs)
  for (let later = 1; later <= mostMinutes; later++) {
    const ms = (minute + later) * minuteMs
    if (!isQuiet(ms)) return ms
  }
  return (minute + mostMinutes) * minuteMs
}

function quietness({ hours, days = [], zone = 'UTC' }: QuietTime): (ms: number) => boolean {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  const [from, to] = hours?.split('-') ?? []
  return (ms) => {
    const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]))
    const day = weekdays.find((each) => each === parts.get('weekday')?.toLowerCase())
    if (day !== undefined && days.includes(day)) return true
    if (from === undefined || to === undefined) return false
    // Text of one form compares as the times do.
    const time = `${parts.get('hour')}:${parts.get('minute')}`
    return from <= to ? time >= from && time < to : time >= from || time < to
  }
}
