import { defaultRetention } from '../src/config/index.ts'
import { reviewOf } from '../src/review/index.ts'
import { weekAt, weekSpan } from '../src/review/week.ts'
import type { OfficeBed } from './office-bed.ts'

export const dayMs = 86_400_000

/** What an office that captures the bed's dead letters knows. */
export const facts = {
  config: { limits: [], routes: [{ notify: ['team'] }] },
  captures: [{ broker: 'memory', place: 'orders-dead-letter', state: 'running' }],
  retention: defaultRetention,
}

/** The one that is under way, in UTC. */
export const week = weekAt(Date.now(), 'UTC')
export const weekEndMs = weekSpan(week, 'UTC')?.toMs ?? 0
export const nextWeek = weekAt(weekEndMs, 'UTC')

/** Of the last seven days, as of now, unless another is asked for. */
export function reviewed(
  bed: OfficeBed,
  of: Partial<Omit<Parameters<typeof reviewOf>[1], 'zone'>> = {},
): ReturnType<typeof reviewOf> {
  return reviewOf(bed.store, { ...facts, zone: 'UTC', week: null, nowMs: Date.now(), ...of })
}
