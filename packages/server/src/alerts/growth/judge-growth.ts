const hoursOfWeek = 168
/** Fewer letters are never growth, whatever there was before. */
export const fewestLetters = 50

export interface Arrivals {
  /** Letters of each of the last sixty minutes, the current one last. */
  readonly minutes: readonly number[]
  /** Of each full hour that ended before those sixty minutes, at most four weeks, the latest last; from the first that had any. */
  readonly hours: readonly number[]
}

export interface Growth {
  /** What came, in how many minutes. */
  readonly came: number
  readonly minutes: 5 | 60
  /** More than so many an hour are unusual. */
  readonly limit: number
}

/**
 * Whether letters come much faster than they used to. The limit of an hour is that of Sentry's escalating issues, by the hour in place of the day: the
 * usual at this hour of the week with five to eight times the mean upon it, or two to five times the greatest hour, less where hours differ much; in the
 * first week ten times the greatest hour. The hour glides, and a rate that would pass it counts after five minutes, unless so many came at this hour
 * of other weeks: a job of each night is none.
 * @see https://docs.sentry.io/product/issues/states-triage/escalating-issues/
 */
export function judgeGrowth({ minutes, hours }: Arrivals): Growth | null {
  const inHour = sum(minutes.slice(-60))
  const inFive = sum(minutes.slice(-5))
  const usual = usualNow(hours)
  const limit = Math.max(fewestLetters, Math.ceil(hourLimit(hours, usual)))
  if (inFive >= fewestLetters && inFive * 12 > limit && inFive > 2 * usual) return { came: inFive, minutes: 5, limit }
  return inHour > limit ? { came: inHour, minutes: 60, limit } : null
}

function hourLimit(hours: readonly number[], usual: number): number {
  const most = Math.max(0, ...hours)
  if (hours.length < hoursOfWeek) return 10 * most
  const mean = sum(hours) / hours.length
  if (mean === 0) return 0
  const deviation = Math.sqrt(sum(hours.map((letters) => (letters - mean) ** 2)) / hours.length)
  const spike = usual + clamp((mean + 5 * deviation) / mean, 5, 8) * mean
  const bursty = most * clamp(5 * Math.exp((-0.65 * deviation) / mean), 2, 5)
  return Math.max(spike, bursty)
}

/** The mean of this hour of the week, in the weeks before. */
function usualNow(hours: readonly number[]): number {
  // The last of them is the hour before the one that ends the sixty minutes: the current hour would be the second after it.
  const same = [1, 2, 3, 4]
    .map((weeks) => hours[hours.length + 1 - weeks * hoursOfWeek])
    .filter((each) => each !== undefined)
  return same.length === 0 ? 0 : sum(same) / same.length
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
