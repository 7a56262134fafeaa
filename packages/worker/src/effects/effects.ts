import type { Clock } from '../clock.ts'
import type { Message } from '../message.ts'
import type { EffectStore, MaybeReason } from './effect-store.ts'

/** Runs what must not happen again when its message is retried or replayed. */
export interface Effects {
  /**
   * Calls `run` unless an earlier attempt of this message has done so, and answers with the recorded result: JSON of at most 8 KiB. The
   * same name means the same effect, so a handler gives each of its effects a name of its own.
   *
   * The record is written before `run` and again after it. An attempt that was lost in between may or may not have had the effect:
   * `onMaybe` decides, and without it the message dies for a person to decide.
   *
   * @param name any text but the empty one
   * @throws EFFECT_MAYBE (permanent), EFFECT_BUSY (called again when the lease ends), EFFECT_STORE_FAILED (transient), EFFECT_UNNAMED,
   * EFFECT_RESULT_UNUSABLE (permanent), and whatever `run` throws
   */
  once<T>(
    name: string,
    run: (attempt: EffectAttempt) => T | Promise<T>,
    options: OnceOptions<T> & { readonly onMaybe: 'skip' },
  ): Promise<AsJson<T> | undefined>
  once<T>(
    name: string,
    run: (attempt: EffectAttempt) => T | Promise<T>,
    options?: OnceOptions<T> & { readonly onMaybe?: Exclude<OnMaybe<T>, 'skip'> },
  ): Promise<AsJson<T>>
  /**
   * The same inside a transaction of yours on the same database: the record is committed with your own writes or not at all, so nothing
   * can be `maybe`. Only for effects that are writes of this transaction.
   * @throws CAPABILITY_MISSING where the store has no transactions
   */
  in(client: unknown): Effects
}

export interface OnceOptions<T> {
  readonly onMaybe?: OnMaybe<T>
  readonly failedMeans?: FailedMeans
}

/**
 * What to do about an effect that may have happened: `fail`: let the message die with EFFECT_MAYBE; `run`: do it again; `skip`: count it
 * as happened, without a result; a function looks the truth up. @default 'fail'
 */
export type OnMaybe<T> = 'fail' | 'run' | 'skip' | ((maybe: EffectMaybe) => Found<T> | Promise<Found<T>>)

export type Found<T> = { readonly happened: true; readonly result: T } | { readonly happened: false }

/**
 * What it means that `run` threw: `not-done`: nothing has happened; `maybe`: it may have; a function tells by the error.
 * @default `failureMeans`, which knows what cannot have arrived and what was refused, and takes everything else for `maybe`
 */
export type FailedMeans = 'not-done' | 'maybe' | ((error: unknown) => 'not-done' | 'maybe')

export interface EffectAttempt {
  /** The same in every attempt of this effect of this message, and of no other: hand it to whoever can do without repetition. 64 characters. */
  readonly idempotencyKey: string
  /** Set when an earlier attempt may have done it. */
  readonly maybe: MaybeReason | null
  /** The handler's. */
  readonly signal: AbortSignal
}

export interface EffectMaybe {
  readonly why: MaybeReason
  readonly name: string
  readonly idempotencyKey: string
  /** Epoch milliseconds of the earlier attempt, by the store's clock; `null` when its record is gone. */
  readonly beganAtMs: number | null
  readonly signal: AbortSignal
}

/** What is left of a value when it comes back from JSON: dates as text, no functions, no bigints. Every attempt gets that, the first one too. */
export type AsJson<T> = unknown extends T
  ? T
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends void
      ? void
      : T extends { toJSON(): infer Json }
        ? AsJson<Json>
        : T extends bigint | symbol | ((...parameters: never) => unknown)
          ? never
          : { [Key in keyof T as T[Key] extends (...parameters: never) => unknown ? never : Key]: AsJson<T[Key]> }

/** The message that effects belong to, and the attempt that wants them. */
export interface EffectSubject {
  readonly consumer: string
  readonly letterId: string
  /** `false`: `letterId` is new with each delivery. */
  readonly named: boolean
  readonly message: Message
  /** When it first failed, in epoch milliseconds. */
  readonly failedAtMs: number | null
  readonly signal: AbortSignal
  /** Whatever this attempt still does does not count. */
  isOver(): boolean
}

export interface EffectSettings {
  readonly store: EffectStore
  readonly id: ((message: Message) => string | null) | null
  readonly leaseMs: number
  readonly keepMs: number
  /** Longest time of one call of the handler. */
  readonly timeoutMs: number
  readonly clock: Clock
}
