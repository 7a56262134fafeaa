import { tiers } from '@redrive/worker'
import { recentMinutes, type SpanByTier, type TrafficPicture } from '../death-rate/look-at-traffic.ts'
import type { CauseMinutes } from '../growth/count-minutes.ts'
import type { Past } from './read-past.ts'
import type { PastTraffic } from './read-traffic.ts'
import { minuteMs } from './span.ts'

const kept = 60

export interface TrafficPictures {
  /** Goes on to the end of a minute. */
  pass(minute: number): void
  /** What is known of the hour before, as `look-at-traffic.ts` and `count-minutes.ts` read it. */
  readonly pictures: readonly TrafficPicture[]
  readonly counted: readonly CauseMinutes[]
  lastReportMs(queue: string): number
}

/** What workers reported, as it was known: each minute at its end. */
export function trafficPictures({ traffic, spans }: Past, fromMinute: number): TrafficPictures {
  const reported = Map.groupBy(traffic, ({ minute }) => minute)
  const cameIn = Map.groupBy(spans, ({ came }) => came)
  const queues = new Map<string, PastTraffic[]>()
  const lastMs = new Map<string, number>()
  const causes = new Map<string, CauseMinutes>()
  let now = fromMinute - 1 - kept

  const take = (minute: number): void => {
    for (const report of reported.get(minute) ?? []) {
      queues.set(report.name, [...(queues.get(report.name) ?? []), report])
      lastMs.set(report.name, minute * minuteMs)
    }
    for (const { cause, queueId, letters } of cameIn.get(minute) ?? []) {
      const known = causes.get(cause) ?? { queueId, causeId: cause, letters: new Map<number, number>() }
      causes.set(cause, known)
      known.letters.set(minute, (known.letters.get(minute) ?? 0) + letters)
    }
  }
  const forget = (): void => {
    for (const [name, minutes] of queues) {
      const left = minutes.filter(({ minute }) => minute > now + 1 - kept)
      if (left.length === 0) queues.delete(name)
      else queues.set(name, left)
    }
    for (const [id, { letters }] of causes) {
      for (const minute of letters.keys()) if (minute <= now - kept) letters.delete(minute)
      if (letters.size === 0) causes.delete(id)
    }
  }
  return {
    pass(minute) {
      for (let each = now + 1; each <= minute; each++) take(each)
      now = minute
      forget()
    },
    get pictures() {
      return [...queues.values()].flatMap((minutes) => {
        const [first] = minutes
        if (first === undefined) return []
        const { queueId, name, owner, runbook } = first
        const recent = minutes.filter(({ minute }) => minute > now + 1 - recentMinutes)
        return [{ queueId, name, owner, runbook, recent: sumOf(recent), hour: sumOf(minutes) }]
      })
    },
    get counted() {
      return [...causes.values()]
    },
    lastReportMs: (queue) => lastMs.get(queue) ?? 0,
  }
}

function sumOf(minutes: readonly PastTraffic[]): SpanByTier {
  const died = Object.fromEntries(
    tiers.map((tier) => [tier, minutes.reduce((sum, each) => sum + each.died[tier], 0)]),
  ) as SpanByTier['died']
  return { handled: minutes.reduce((sum, { handled }) => sum + handled, 0), died }
}
