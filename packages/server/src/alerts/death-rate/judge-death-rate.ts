import { wilson } from '../../wilson.ts'

/** What workers reported of a span. */
export interface Deaths {
  readonly died: number
  readonly handled: number
}

export interface DeathWindows {
  /** The last five minutes. */
  readonly recent: Deaths
  /** The last sixty. */
  readonly hour: Deaths
}

export interface DeathRate extends Deaths {
  readonly minutes: 5 | 60
  /** Of what was handled or died, from 0 to 1. */
  readonly share: number
  /** The lower end of its 95 % interval. */
  readonly atLeast: number
}

/** It holds until the share is below so much of the limit: one that goes up and down about the limit is one alert. */
const until = 0.5

export interface DeathLimit {
  /** From 0 to 1. */
  readonly share: number
  /** Fewer messages say nothing. */
  readonly least: number
}

/**
 * Whether more than the limit dies: for sure, so that the lower end of the interval is beyond it, in the last five minutes, or in the last hour while the
 * last five minutes do not say that it is over.
 * @param deaths without those that are no news
 */
export function judgeDeathRate(deaths: DeathWindows, limit: DeathLimit): DeathRate | null {
  const isMuch = (span: Deaths): boolean =>
    sumOf(span) >= limit.least && wilson({ with: span.died, of: sumOf(span) }).lower > limit.share
  if (isMuch(deaths.recent)) return rateOf(deaths.recent, 5)
  return isMuch(deaths.hour) && stillHolds(deaths, limit) ? rateOf(deaths.hour, 60) : null
}

/** Whether what was too much still is: by the last five minutes, or where they are too few, by the hour. That nothing is known is no end. */
export function stillHolds({ recent, hour }: DeathWindows, { share, least }: DeathLimit): boolean {
  const span = sumOf(recent) >= least ? recent : hour
  return sumOf(span) === 0 || span.died / sumOf(span) >= share * until
}

export function rateOf({ died, handled }: Deaths, minutes: 5 | 60): DeathRate {
  const of = died + handled
  return { died, handled, minutes, share: of === 0 ? 0 : died / of, atLeast: wilson({ with: died, of }).lower }
}

function sumOf({ died, handled }: Deaths): number {
  return died + handled
}
