import { RedriveError } from '../errors.ts'
import type { HoldStore } from './hold-store.ts'

/** Later messages of a key wait while a dead letter of it is unresolved. Needs `order: 'key'`. */
export interface HoldOptions {
  /** Stays yours. One store may serve any number of workers; those of one consumer have to share it. */
  readonly store: HoldStore
  /** Letters in the line of one key. @default 1_000 */
  readonly maxPerKey?: number
  /** Keys that are blocked at a time; a few more when several die at once. @default 10_000 */
  readonly maxKeys?: number
  /**
   * What happens beyond that. `stop`: nothing is taken from the queue until there is room again; lanes go on, so replays make room.
   * `pass`: the message is handled out of order, or its death blocks nothing. @default 'stop'
   */
  readonly overflow?: 'stop' | 'pass'
}

/** @throws OPTION_INVALID */
export function holdSettings(options: HoldOptions, order: string): Required<HoldOptions> {
  const { store, maxPerKey = 1_000, maxKeys = 10_000, overflow = 'stop' } = options
  if (order !== 'key') throw invalid('order', order, "Give order: 'key' together with hold.")
  if (typeof store?.arrive !== 'function')
    throw invalid('hold.store', typeof store, 'Give memoryHold(), postgresHold(…) or redisHold(…).')
  for (const [name, value] of Object.entries({ maxPerKey, maxKeys }))
    if (!Number.isSafeInteger(value) || value < 1)
      throw invalid(`hold.${name}`, value, 'Give a whole number of 1 or more.')
  if (overflow !== 'stop' && overflow !== 'pass') throw invalid('hold.overflow', overflow, "Give 'stop' or 'pass'.")
  return { store, maxPerKey, maxKeys, overflow }
}

function invalid(name: string, value: unknown, hint: string): RedriveError {
  return new RedriveError('OPTION_INVALID', `${name} is ${String(value)}`, { hint })
}
