import { historyAt, hoursFrom } from '../growth/growth-conditions.ts'
import type { PastHour } from './read-hours.ts'

export interface HourPictures {
  /** What `judge-growth.ts` compares with: letters of each hour of four weeks, without those of causes that somebody is told of. */
  before(queueId: number, look: { readonly told: ReadonlySet<string>; readonly nowMs: number }): readonly number[]
}

/** Queues by the hour, as they were. */
export function hourPictures(hours: readonly PastHour[]): HourPictures {
  const ofQueue = new Map(
    [...Map.groupBy(hours, ({ queueId }) => queueId)].map(([id, all]) => [id, Map.groupBy(all, ({ cause }) => cause)]),
  )
  /** By queue: a look of each minute asks for the same until the hour is over or somebody is told of more. */
  const latest = new Map<number, { readonly of: string; readonly hours: readonly number[] }>()
  return {
    before(queueId, { told, nowMs }) {
      const { from, end } = historyAt(nowMs)
      const causes = [...(ofQueue.get(queueId) ?? [])].filter(([cause]) => !told.has(cause))
      const of = `${end} ${causes.map(([cause]) => cause).join(' ')}`
      const known = latest.get(queueId)
      if (known?.of === of) return known.hours
      const letters: Record<string, number> = {}
      for (const [, all] of causes)
        for (const each of all)
          if (each.hour >= from && each.hour < end) letters[each.hour] = (letters[each.hour] ?? 0) + each.letters
      const counted = hoursFrom(letters, end)
      latest.set(queueId, { of, hours: counted })
      return counted
    },
  }
}
