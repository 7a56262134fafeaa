const hoursOfWeek = 168
const weeks = 4
/** A queue that had fewer in four weeks is too small to be missed. */
const fewestLetters = 50
const fewestHours = 6
/** Chance that as much silence is chance: one in 10,000. */
const mostChance = 1e-4
/** Letters come in bursts: silence is compared with the longest that there was. */
const longerThan = 2

export interface Silence {
  readonly hours: number
  /** Hours with letters that the same hours had in a week of the four before, on average. */
  readonly usual: number
  /** Of the four weeks. */
  readonly letters: number
}

/**
 * Whether no letters come where they surely would have. What is counted is hours with any letter, since one incident brings many letters: by the same
 * hours of the four weeks before the last letter so many are to be expected, and none at all has the chance that Poisson gives it, e^-expected. And each
 * of the four weeks had some in those hours, no silence was half as long, and there were letters enough.
 * @param hours letters of each full hour, the latest last, from the first that had any
 * @see https://en.wikipedia.org/wiki/Poisson_distribution
 */
export function judgeSilence(hours: readonly number[]): Silence | null {
  const end = hours.findLastIndex((letters) => letters > 0) + 1
  const silent = hours.length - end
  const from = end - weeks * hoursOfWeek
  if (from < 0 || silent < fewestHours) return null
  const history = hours.slice(from, end)
  const letters = history.reduce((sum, each) => sum + each, 0)
  if (letters < fewestLetters || silent <= longerThan * longestSilence(history)) return null
  const span = Math.min(silent, hoursOfWeek)
  const active = [1, 2, 3, 4].map((ago) => {
    const start = history.length - ago * hoursOfWeek
    return history.slice(start, start + span).filter((each) => each > 0).length
  })
  const usual = active.reduce((sum, each) => sum + each, 0) / weeks
  if (Math.min(...active) === 0 || Math.exp(-usual) > mostChance) return null
  return { hours: silent, usual: Math.round(usual), letters }
}

function longestSilence(hours: readonly number[]): number {
  let longest = 0
  let current = 0
  for (const letters of hours) {
    current = letters > 0 ? 0 : current + 1
    longest = Math.max(longest, current)
  }
  return longest
}
