import { RedriveError } from '@redrive/worker'

/** When a run stops by itself. `null` switches a rule off; each that is off is recorded with the plan. */
export interface HaltRules {
  /** More than this share of the last `recentOutcomes` outcomes are returns, from `fewestOutcomes` on. 0 to 100. @default 5 */
  readonly returnedPercent: number | null
  /** The last so many outcomes are returns of the cause they had. @default 5 */
  readonly returnedInARow: number | null
  /** A letter came back with a cause that was never seen before the run. @default true */
  readonly newCause: boolean
  /** The last so many sends were refused or are uncertain. @default 20 */
  readonly notSentInARow: number | null
  /** Nobody said what became of the oldest letters for this long, though others were told of. @default null */
  readonly lateSeconds: number | null
  /** The run may send so many letters. @default null */
  readonly letters: number | null
  /** It may go on for so long. @default null */
  readonly seconds: number | null
}

/** How a plan is carried out. */
export interface Control {
  /** Letters a second, 1 to 100,000. */
  readonly pace: number
  /** So many letters go first and alone; 0 for none. A plan of no more letters than that has none. @default 5 */
  readonly canary: number
  /** How long their outcomes are waited for. @default from how long the letters' own retries took, 60 to 3,600 */
  readonly verdictSeconds: number | null
  /** Letters a second at first. @default a tenth of the pace */
  readonly rampFrom: number | null
  /** From `rampFrom` to the pace in so many seconds; 0 for at once. @default 30 */
  readonly rampSeconds: number
  readonly halt: HaltRules
}

export const defaultHaltRules: HaltRules = {
  returnedPercent: 5,
  returnedInARow: 5,
  newCause: true,
  notSentInARow: 20,
  lateSeconds: null,
  letters: null,
  seconds: null,
}

export const defaultControl: Control = {
  pace: 50,
  canary: 5,
  verdictSeconds: null,
  rampFrom: null,
  rampSeconds: 30,
  halt: defaultHaltRules,
}

/** Everything at once, stopped by nobody but people. */
export const noControl: Control = {
  pace: 100_000,
  canary: 0,
  verdictSeconds: null,
  rampFrom: null,
  rampSeconds: 0,
  halt: {
    returnedPercent: null,
    returnedInARow: null,
    newCause: false,
    notSentInARow: null,
    lateSeconds: null,
    letters: null,
    seconds: null,
  },
}

/** @throws REQUEST_INVALID */
export function checkControl({ pace, canary, verdictSeconds, rampFrom, rampSeconds, halt }: Control): void {
  const whole = (what: string, value: number | null, { from, to }: { from: number; to: number }): void => {
    if (value === null || (Number.isInteger(value) && value >= from && value <= to)) return
    throw new RedriveError('REQUEST_INVALID', `${what} is a whole number from ${from} to ${to.toLocaleString('en')}.`)
  }
  whole('The pace (letters a second)', pace, { from: 1, to: 100_000 })
  whole('The canary', canary, { from: 0, to: 1_000 })
  whole('The wait for the verdict in seconds', verdictSeconds, { from: 1, to: 86_400 })
  whole('The pace the ramp starts from', rampFrom, { from: 1, to: pace })
  whole('The length of the ramp in seconds', rampSeconds, { from: 0, to: 86_400 })
  whole('The share of returns that halts', halt.returnedPercent, { from: 0, to: 100 })
  whole('The number of returns in a row that halts', halt.returnedInARow, { from: 1, to: recentOutcomes })
  whole('The number of refused sends in a row that halts', halt.notSentInARow, { from: 1, to: 100_000 })
  whole('The wait for late outcomes in seconds', halt.lateSeconds, { from: 1, to: 86_400 })
  whole('The budget of letters', halt.letters, { from: 1, to: 1_000_000 })
  whole('The budget of seconds', halt.seconds, { from: 1, to: 30 * 86_400 })
}

/** Rules look at so many of the newest outcomes. */
export const recentOutcomes = 200
/** A share of fewer says nothing. */
export const fewestOutcomes = 20

export interface Ramp {
  /** Letters a second. */
  readonly from: number
  readonly to: number
  readonly seconds: number
}

/** Letters a second, so long after the ramp began: by the same factor in the same time. */
export function paceAfter({ from, to, seconds }: Ramp, elapsedSeconds: number): number {
  if (elapsedSeconds >= seconds) return to
  return Math.max(1, Math.floor(from * (to / from) ** (Math.max(0, elapsedSeconds) / seconds)))
}

/** How long so many letters take: the integral of the pace, turned around. */
export function secondsFor(letters: number, { from, to, seconds }: Ramp): number {
  const growth = Math.log(to / from)
  if (growth === 0 || seconds === 0) return letters / to
  const ramped = ((to - from) / growth) * seconds
  if (letters > ramped) return seconds + (letters - ramped) / to
  return (seconds / growth) * Math.log(1 + (letters * growth) / (from * seconds))
}
