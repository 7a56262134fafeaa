import type { Keeping } from '@redrive/worker'
import type { SourceExpiry } from './watch-expiry.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** A place that keeps less is told of, whether anything waits or not. */
const shortMs = 3 * dayMs
const soonMs = 6 * hourMs
/** A moment's lag of a place that keeps no more than a day is no news. */
const leastShare = 0.1
const halfFull = 0.5
const nearlyFull = 0.9

export interface ExpiryVerdict {
  readonly urgency: 'page' | 'ticket'
  readonly waiting: number
  /** Until the oldest is removed; less than nothing: it may be gone already. `null`: not by its age. */
  readonly leftMs: number | null
  /** How full a place is that removes the oldest when it is full. `null`: it is not. */
  readonly fullness: { readonly limit: number; readonly share: number } | null
  readonly gone: number
}

/**
 * Whether what waits is removed before long: half of the time is gone, or less than a day is left and a tenth of it gone, or a place that drops the
 * oldest is half full. Urgent are less than six hours, nine tenths, and what is gone already. `null`: no reason to say anything.
 */
export function judgeExpiry({ expiry, emptyAtMs }: SourceExpiry, nowMs: number): ExpiryVerdict | null {
  if (expiry === null) return null
  const { waiting, gone, keeps } = expiry
  const endsAtMs = endOf(expiry, emptyAtMs)
  const left = endsAtMs === null ? null : endsAtMs - nowMs
  const leftMs = left !== null && isNear(left, keeps.ageMs) ? left : null
  const share = keeps.messages === null || waiting === 0 ? 0 : waiting / Math.max(1, keeps.messages)
  const fullness = keeps.messages !== null && share >= halfFull ? { limit: keeps.messages, share } : null
  if (gone === 0 && leftMs === null && fullness === null) return null
  const isUrgent = gone > 0 || (leftMs !== null && leftMs < soonMs) || share >= nearlyFull
  return { urgency: isUrgent ? 'page' : 'ticket', waiting, leftMs, fullness, gone }
}

/** Where the age of the oldest is not told, it came after nothing waited last. */
function endOf({ waiting, oldestEndsAtMs, keeps }: NonNullable<SourceExpiry['expiry']>, emptyAtMs: number | null) {
  if (waiting === 0 || oldestEndsAtMs === null) return null
  if (oldestEndsAtMs !== 'unknown') return oldestEndsAtMs
  return emptyAtMs === null || keeps.ageMs === null ? null : emptyAtMs + keeps.ageMs
}

function isNear(leftMs: number, ageMs: number | null): boolean {
  // Sent with an end of its own to a place that has none: only a day can be said of it.
  if (ageMs === null) return leftMs < dayMs
  const passedMs = ageMs - leftMs
  return passedMs >= ageMs / 2 || (leftMs < dayMs && passedMs >= ageMs * leastShare)
}

/** What waits and has an end that nobody can tell. */
export function isEndUnknown({ expiry, emptyAtMs }: SourceExpiry): boolean {
  return expiry !== null && expiry.waiting > 0 && expiry.oldestEndsAtMs === 'unknown' && emptyAtMs === null
}

/** In which ways a place keeps dead letters too briefly, as ends of a sentence; none: it does not. */
export function judgeKeeping({ ageMs, messages, bytes, unusedMs, isCompacted }: Keeping): readonly string[] {
  return [
    ...(ageMs !== null && ageMs < shortMs ? [`keeps letters for ${spanText(ageMs)}`] : []),
    ...(unusedMs !== null && unusedMs < shortMs
      ? [`is removed with all letters when nobody reads it for ${spanText(unusedMs)}`]
      : []),
    ...(messages === null ? [] : [`drops the oldest above ${messages.toLocaleString('en-US')} letters`]),
    ...(bytes === null ? [] : [`drops the oldest above ${bytes.toLocaleString('en-US')} bytes`]),
    ...(isCompacted ? ['keeps only the last letter of each key, for it is compacted'] : []),
  ]
}

/** `5 h`, `3 days`, `10 min`: whole, and never more than there is. */
export function spanText(ms: number): string {
  if (ms >= 2 * dayMs) return `${Math.floor(ms / dayMs)} days`
  if (ms >= hourMs) return `${Math.floor(ms / hourMs)} h`
  return ms < 60_000 ? 'a minute' : `${Math.floor(ms / 60_000)} min`
}
