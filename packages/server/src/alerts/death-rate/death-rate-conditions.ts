import { type Tier, tiers } from '@redrive/worker'
import type { PoolClient } from 'pg'
import type { Alert, Condition } from '../alert.ts'
import { oneLine } from '../conditions/one-line.ts'
import { about } from '../conditions/queue-conditions.ts'
import type { CauseMinutes } from '../growth/count-minutes.ts'
import { limitsOf, type PlacedLimit } from '../policy/index.ts'
import {
  type DeathRate,
  type Deaths,
  type DeathWindows,
  judgeDeathRate,
  rateOf,
  stillHolds,
} from './judge-death-rate.ts'
import { lastReports, lookAtTraffic, recentMinutes, type SpanByTier, type TrafficPicture } from './look-at-traffic.ts'

const minuteMs = 60_000
const hourMs = 3_600_000
const dayMs = 24 * hourMs

/**
 * Queues of which too large a share dies, as their workers report it. Deaths of causes that somebody was told of within the hour, or took within the day,
 * are no news and raise nothing; later, and while an alert goes on, they count. Where reports stop, an alert goes on for a day: nothing is known then.
 * @param look.known alerts that are not over
 */
export async function deathRateConditions(
  client: PoolClient,
  counted: readonly CauseMinutes[],
  look: DeathRateLook,
): Promise<readonly Condition[]> {
  const pictures = await lookAtTraffic(client, look.nowMs)
  const silent = silentAlerts(pictures, look).flatMap(({ queue }) => (queue === null ? [] : [queue]))
  const last = await lastReports(client, silent)
  return deathRatesOf({ pictures, counted, lastReportMs: (queue) => last.get(queue) ?? 0 }, look)
}

interface DeathRateLook {
  readonly known: readonly Alert[]
  /** What this look found of causes: somebody is told of them just now. */
  readonly found: readonly Condition[]
  readonly limits: readonly PlacedLimit[]
  readonly nowMs: number
}

/** The same of what is known already, now or of a time that is past. */
export function deathRatesOf(
  traffic: {
    readonly pictures: readonly TrafficPicture[]
    readonly counted: readonly CauseMinutes[]
    /** Of a queue by its name; 0 where none is known. */
    readonly lastReportMs: (queue: string) => number
  },
  look: DeathRateLook,
): readonly Condition[] {
  const { pictures, counted } = traffic
  const { known, limits, nowMs } = look
  const open = new Map(known.flatMap((alert) => (alert.rule === 'death-rate' ? [[alert.subject, alert] as const] : [])))
  const told = toldCauses(look)
  const toldOf = Map.groupBy(
    counted.filter(({ causeId }) => told.has(causeId)),
    ({ queueId }) => queueId,
  )
  const conditions = pictures.flatMap((picture) =>
    [null, ...tiers].flatMap((tier) => {
      const { deathPercent, deathLeast } = limitsOf(picture.name, tier, limits)
      if (deathPercent === null) return []
      const limit = { share: deathPercent / 100, least: deathLeast }
      const all = windowsOf(picture, tier)
      const alert = open.get(subjectOf(picture.name, tier))
      if (alert !== undefined) return stillHolds(all, limit) ? [goingOn(alert, all)] : []
      const tolds = (toldOf.get(picture.queueId) ?? []).filter(
        ({ causeId }) => tier === null || told.get(causeId) === tier,
      )
      const rate = judgeDeathRate(newsOf(all, { tolds, nowMs }), limit)
      return rate === null ? [] : [conditionOf(picture, { tier, rate, all, percent: deathPercent })]
    }),
  )
  const unknown = silentAlerts(pictures, look).map((alert) => {
    const isOver = nowMs - traffic.lastReportMs(alert.queue ?? '') > dayMs
    return {
      ...alert,
      ...ongoing,
      over: isOver ? 'no worker has reported its traffic for a day: nothing is known' : null,
    }
  })
  return [...conditions, ...unknown]
}

function subjectOf(queue: string, tier: Tier | null): string {
  return `death-rate/${queue}${tier === null ? '' : `/${tier}`}`
}

/** Causes of which somebody knows just now, with their tiers. */
function toldCauses({ known, found, nowMs }: DeathRateLook): ReadonlyMap<string, Tier | null> {
  const knows = known.filter(
    ({ raisedAtMs, acknowledgedAtMs }) =>
      raisedAtMs > nowMs - hourMs || (acknowledgedAtMs !== null && acknowledgedAtMs > nowMs - dayMs),
  )
  const subjects = new Set(known.map(({ subject }) => subject))
  const news = found.filter(({ subject }) => !subjects.has(subject))
  return new Map(
    [...knows, ...news].flatMap(({ causeId, tier }) => (causeId === null ? [] : [[causeId, tier] as const])),
  )
}

/** Of a tier: its deaths among all that was handled or died. */
function windowsOf({ recent, hour }: TrafficPicture, tier: Tier | null): DeathWindows {
  const of = ({ handled, died }: SpanByTier): Deaths => {
    const all = tiers.reduce((sum, each) => sum + died[each], 0)
    return tier === null ? { died: all, handled } : { died: died[tier], handled: handled + all - died[tier] }
  }
  return { recent: of(recent), hour: of(hour) }
}

/** What is told already counts among the rest. */
function newsOf(
  { recent, hour }: DeathWindows,
  { tolds, nowMs }: { readonly tolds: readonly CauseMinutes[]; readonly nowMs: number },
): DeathWindows {
  const minute = Math.floor(nowMs / minuteMs)
  const without = ({ died, handled }: Deaths, minutes: number): Deaths => {
    let letters = 0
    for (const cause of tolds) for (const [at, of] of cause.letters) if (at > minute - minutes) letters += of
    const news = Math.max(0, died - letters)
    return { died: news, handled: handled + died - news }
  }
  return { recent: without(recent, recentMinutes), hour: without(hour, 60) }
}

function goingOn(alert: Alert, all: DeathWindows): Condition {
  return { ...alert, facts: factsOf(all, alert.facts.find(({ name }) => name === 'limit')?.value ?? ''), ...ongoing }
}

const ongoing = { over: null, isEmpty: false, takenBy: null } as const

/** Alerts of queues of which no worker reports any more: they neither go on nor end by that. */
function silentAlerts(pictures: readonly TrafficPicture[], { known, limits }: DeathRateLook): readonly Alert[] {
  const reporting = new Set(pictures.map(({ name }) => name))
  return known.filter(
    ({ rule, queue, tier }) =>
      rule === 'death-rate' &&
      queue !== null &&
      !reporting.has(queue) &&
      limitsOf(queue, tier, limits).deathPercent !== null,
  )
}

const number = (value: number): string => value.toLocaleString('en-US')
const percentOf = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`

function factsOf({ recent, hour }: DeathWindows, limit: string): Condition['facts'] {
  const span = (deaths: Deaths, minutes: 5 | 60): string => {
    const of = deaths.died + deaths.handled
    if (of === 0) return 'nothing was handled or died'
    const { share, atLeast } = rateOf(deaths, minutes)
    return `${number(deaths.died)} of ${number(of)} died: ${percentOf(share)}, surely ${percentOf(atLeast)}`
  }
  return [
    { name: 'last 5 minutes', value: span(recent, 5) },
    { name: 'last hour', value: span(hour, 60) },
    { name: 'limit', value: limit },
  ]
}

function conditionOf(
  picture: TrafficPicture,
  {
    tier,
    rate: { died, handled, share, minutes },
    all,
    percent,
  }: { readonly tier: Tier | null; readonly rate: DeathRate; readonly all: DeathWindows; readonly percent: number },
): Condition {
  const what = `${percentOf(share)} of ${number(died + handled)} messages died${tier === null ? '' : ` (${tier})`}`
  const title = `DEATH RATE ${oneLine(picture.name, 60)}: ${what} in ${minutes} min, the limit is ${percent} %`
  return {
    ...about(picture, 'death-rate', title),
    subject: subjectOf(picture.name, tier),
    tier,
    facts: factsOf(all, `${percent} %`),
  }
}
