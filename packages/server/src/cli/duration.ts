import { InvalidArgumentError } from 'commander'

const unit: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400, w: 604_800 }

/** `30m`, `12h`, `3d`, `2w` in seconds. */
export function duration(text: string): number {
  const [, count, of = ''] = /^(\d{1,6})([mhdw])$/.exec(text) ?? []
  const seconds = Number(count) * (unit[of] ?? Number.NaN)
  if (seconds >= 60 && seconds <= 315_360_000) return seconds
  throw new InvalidArgumentError('A time like 30m, 12h, 3d or 2w is wanted.')
}

/** The same before now, or a time with its zone. @returns RFC 3339 */
export function pastTime(text: string): string {
  if (/^\d+[mhdw]$/.test(text)) return new Date(Date.now() - duration(text) * 1_000).toISOString()
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/i.test(text)
    ? Date.parse(text)
    : Number.NaN
  if (Number.isNaN(ms))
    throw new InvalidArgumentError('A time with its zone is wanted, as 2026-12-01T09:00Z, or 12h, 3d before now.')
  return new Date(ms).toISOString()
}
