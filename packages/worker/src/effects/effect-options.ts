import type { Clock } from '../clock.ts'
import { RedriveError } from '../errors.ts'
import type { Message } from '../message.ts'
import type { EffectStore } from './effect-store.ts'
import type { EffectSettings } from './effects.ts'

/** Where `context.effects` remembers. */
export interface EffectsOptions {
  /** Stays yours. One store may serve any number of workers. */
  readonly store: EffectStore
  /**
   * What names a message, where you know better than the broker: an order's number makes two messages with one order the same message.
   * `null` leaves it to the message's own identity. @default the message's own identity
   */
  readonly id?: (message: Message) => string | null
  /** How long a dead process may hold an effect; a live one prolongs. 1,000 or more. @default 60_000 */
  readonly leaseMs?: number
  /** How long a record is kept after its effect began. @default 30 days */
  readonly keepMs?: number
}

/** What was handled is not handled again. */
export interface ProcessedOptions {
  /** May be the one of `effects`. */
  readonly store: EffectStore
  /** As in `effects`. */
  readonly id?: (message: Message) => string | null
  /** How long a message is remembered after it was handled. @default 30 days */
  readonly keepMs?: number
}

const dayMs = 86_400_000
export const defaultKeepMs: number = 30 * dayMs

/** @throws OPTION_INVALID */
export function effectSettings(
  options: EffectsOptions,
  { timeoutMs, clock }: { readonly timeoutMs: number; readonly clock: Clock },
): EffectSettings {
  const { store, id, leaseMs = 60_000, keepMs = defaultKeepMs } = options
  checkStore('effects', options)
  if (!(leaseMs >= 1_000)) throw invalid(`effects.leaseMs`, leaseMs, 'Give 1,000 or more.')
  if (!(keepMs >= leaseMs)) throw invalid(`effects.keepMs`, keepMs, 'Keep records longer than a lease.')
  return { store, id: id ?? null, leaseMs, keepMs, timeoutMs, clock }
}

/** @throws OPTION_INVALID */
export function processedSettings(options: ProcessedOptions): Required<ProcessedOptions> {
  const { store, id = () => null, keepMs = defaultKeepMs } = options
  checkStore('processed', options)
  if (!(keepMs >= 1_000)) throw invalid('processed.keepMs', keepMs, 'Give 1,000 or more.')
  return { store, id, keepMs }
}

function checkStore(name: string, { store }: { readonly store: EffectStore | undefined }): void {
  if (typeof store?.begin !== 'function')
    throw invalid(`${name}.store`, typeof store, 'Give memoryEffects(), postgresEffects(…) or redisEffects(…).')
}

function invalid(name: string, value: unknown, hint: string): RedriveError {
  return new RedriveError('OPTION_INVALID', `${name} is ${String(value)}`, { hint })
}
