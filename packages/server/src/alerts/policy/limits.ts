import type { Tier } from '@redrive/worker'
import type { AlertLimit } from '../../config/index.ts'
import { matchesAny } from './matches.ts'

export interface Limits {
  /** `null`: no limit. */
  readonly open: number | null
  readonly ageHours: number | null
  readonly growth: boolean
  /** Of the messages that may die. */
  readonly deathPercent: number | null
  readonly deathLeast: number
  readonly silent: 'on' | 'off' | 'ticket'
}

export const defaultLimits: Limits = {
  open: 1_000,
  ageHours: 72,
  growth: true,
  deathPercent: 5,
  deathLeast: 20,
  silent: 'on',
}

/** An entry of the file, or what was said of one queue. */
export interface PlacedLimit extends AlertLimit {
  /** Its name as it is. @default by `queues` */
  readonly queue?: string
}

/** Of a whole queue; of a tier only what the entries of that tier say. */
export function limitsOf(queue: string, tier: Tier | null, limits: readonly PlacedLimit[]): Limits {
  const isOf = (limit: PlacedLimit): boolean =>
    limit.queue === undefined ? matchesAny(limit.queues, queue) : limit.queue === queue
  const own = limits.filter((limit) => (limit.tier ?? null) === tier && isOf(limit))
  const first = <T>(of: (limit: PlacedLimit) => T | undefined): T | undefined =>
    own.map(of).find((value) => value !== undefined)
  const orDefault = (value: number | 'off' | undefined, otherwise: number | null): number | null =>
    value === 'off' ? null : (value ?? (tier === null ? otherwise : null))
  return {
    open: orDefault(
      first(({ open }) => open),
      defaultLimits.open,
    ),
    ageHours: orDefault(
      first(({ ageHours }) => ageHours),
      defaultLimits.ageHours,
    ),
    growth: first(({ growth }) => growth) !== 'off' && tier === null,
    deathPercent: orDefault(
      first(({ deathPercent }) => deathPercent),
      defaultLimits.deathPercent,
    ),
    deathLeast: first(({ deathLeast }) => deathLeast) ?? defaultLimits.deathLeast,
    silent: tier === null ? (first(({ silent }) => silent) ?? defaultLimits.silent) : 'off',
  }
}
