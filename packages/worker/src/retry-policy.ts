import { type Backoff, exponential } from './backoff.ts'
import { RedriveError } from './errors.ts'
import type { DeathReason, FailureClass, Tier } from './failure.ts'

/** When to call again and when to give up, for one class of failure or for all. */
export interface RetryLimits {
  /** Calls in all, the first one included. @default 5 */
  readonly maxAttempts?: number
  /** No call starts later than this after the first failure. @default no limit */
  readonly budgetMs?: number
  /** @default exponential: 1 s, doubled up to 10 minutes, full jitter */
  readonly backoff?: Backoff
}

export interface RetryOptions extends RetryLimits {
  /**
   * Overrides for a class: limits, or `never`. Permanent and malformed are never retried unless limits are given for them here;
   * transient, timeout and unknown are.
   */
  readonly perClass?: Partial<Readonly<Record<FailureClass, RetryLimits | 'never'>>>
  /** How often a message may take its worker process down before it dies. @default 3 */
  readonly maxCrashes?: number
}

/** Options checked and completed, by `retryPolicy`. */
export interface RetryPolicy {
  readonly limits: Readonly<Record<FailureClass, Limits | 'never'>>
  readonly maxCrashes: number
}

interface Limits {
  readonly maxAttempts: number
  readonly budgetMs: number
  readonly backoff: Backoff
}

/** One failed call. */
export interface Failure {
  readonly failureClass: FailureClass
  /** Calls made, this one included. */
  readonly attempts: number
  /** Epoch milliseconds; `null` when this is the first failure. */
  readonly firstFailedAtMs: number | null
  readonly nowMs: number
  /** Delay before this call; 0 before the first. */
  readonly previousDelayMs: number
  /** What the other side asked for; the delay is never shorter. */
  readonly retryAfterMs?: number | undefined
  /** What the handler asked for (`RetryLater`); takes the backoff's place. */
  readonly requestedDelayMs?: number | undefined
  /** A number from 0 (included) to 1 (excluded). */
  readonly random: () => number
}

export type Decision =
  | { readonly kind: 'retry'; readonly delayMs: number }
  | { readonly kind: 'dead'; readonly reason: DeathReason; readonly tier: Tier }

/** The longest delay that is ever decided: a year. */
const maxDelayMs = 365 * 24 * 3_600_000
const defaultBackoff = exponential({ firstMs: 1000, maxMs: 600_000 })
const neverByDefault: ReadonlySet<FailureClass> = new Set(['permanent', 'malformed'])
const retryable = [
  'transient',
  'permanent',
  'malformed',
  'timeout',
  'unknown',
] as const satisfies readonly FailureClass[]
const limitKeys: readonly string[] = ['maxAttempts', 'budgetMs', 'backoff']
const optionKeys: readonly string[] = [...limitKeys, 'perClass', 'maxCrashes']

/** @throws OPTION_INVALID naming the option */
export function retryPolicy(options: RetryOptions = {}): RetryPolicy {
  known('retry', options, optionKeys)
  const { perClass = {}, maxCrashes = 3 } = options
  known('retry.perClass', perClass, retryable)
  count('retry.maxCrashes', maxCrashes)
  const base = limitsOf('retry', options, {
    maxAttempts: 5,
    budgetMs: Number.POSITIVE_INFINITY,
    backoff: defaultBackoff,
  })
  const limits = Object.fromEntries(retryable.map((of) => [of, classLimits(of, perClass[of], base)]))
  return { limits: limits as RetryPolicy['limits'], maxCrashes }
}

/**
 * What follows from a failed call. The tier of a death is the class of its last failure, whatever the reason.
 * Never throws, even if a backoff of the user's own does.
 */
export function decide(failure: Failure, policy: RetryPolicy): Decision {
  const { failureClass, attempts, nowMs } = failure
  const limits = policy.limits[failureClass]
  if (limits === 'never') return { kind: 'dead', reason: 'rejected', tier: failureClass }
  if (attempts >= limits.maxAttempts) return { kind: 'dead', reason: 'attempts', tier: failureClass }
  const delayMs = delayOf(failure, limits.backoff)
  // A first failure in the future is another machine's clock.
  const usedMs = Math.max(0, nowMs - (failure.firstFailedAtMs ?? nowMs))
  if (usedMs + delayMs > limits.budgetMs) return { kind: 'dead', reason: 'budget', tier: failureClass }
  return { kind: 'retry', delayMs }
}

/** What follows when a worker process was lost while it held the message; `crashes` counts this time. */
export function decideCrash(crashes: number, policy: RetryPolicy): Decision {
  if (crashes >= policy.maxCrashes) return { kind: 'dead', reason: 'crashed', tier: 'exhausted' }
  return { kind: 'retry', delayMs: 0 }
}

/** Most calls a message of any class can get, for the wire's `maxAttempts`. */
export function maxAttemptsOf(policy: RetryPolicy, failureClass: FailureClass): number {
  const limits = policy.limits[failureClass]
  return limits === 'never' ? 1 : limits.maxAttempts
}

function delayOf(failure: Failure, backoff: Backoff): number {
  const { requestedDelayMs, retryAfterMs = 0 } = failure
  const ownMs = requestedDelayMs ?? Math.max(backoffMs(failure, backoff), retryAfterMs)
  return Math.round(Math.min(maxDelayMs, Math.max(0, Number.isNaN(ownMs) ? 0 : ownMs)))
}

function backoffMs(failure: Failure, backoff: Backoff): number {
  const { attempts, previousDelayMs, random } = failure
  try {
    const ms = backoff.delayMs(attempts, previousDelayMs, random)
    if (ms >= 0) return ms
  } catch {
    // A faulty backoff must not stop the worker.
  }
  return defaultBackoff.delayMs(attempts, previousDelayMs, random)
}

function classLimits(of: FailureClass, own: RetryLimits | 'never' | undefined, base: Limits): Limits | 'never' {
  if (own === 'never' || (own === undefined && neverByDefault.has(of))) return 'never'
  if (own === undefined) return base
  known(`retry.perClass.${of}`, own, limitKeys)
  return limitsOf(`retry.perClass.${of}`, own, base)
}

function limitsOf(path: string, own: RetryLimits, base: Limits): Limits {
  const { maxAttempts = base.maxAttempts, budgetMs = base.budgetMs, backoff = base.backoff } = own
  count(`${path}.maxAttempts`, maxAttempts)
  if (typeof budgetMs !== 'number' || !(budgetMs >= 0)) {
    throw invalid(
      `${path}.budgetMs is ${String(budgetMs)}`,
      'Give the total time as milliseconds, or leave it out for no limit.',
    )
  }
  if (typeof backoff?.delayMs !== 'function') {
    throw invalid(`${path}.backoff is no backoff`, 'Use constant, linear, exponential or decorrelatedJitter.')
  }
  return { maxAttempts, budgetMs, backoff }
}

function count(path: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return
  throw invalid(`${path} is ${String(value)}`, 'Give a whole number of 1 or more; 1 means the first call and no retry.')
}

function known(path: string, options: object, keys: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw invalid(`${path} is ${String(options)}`, `Give an object with any of ${keys.join(', ')}.`)
  }
  for (const key of Object.keys(options)) {
    if (!keys.includes(key)) throw invalid(`${path}.${key} is not an option`, `${path} takes ${keys.join(', ')}.`)
  }
}

function invalid(message: string, hint: string): RedriveError {
  return new RedriveError('OPTION_INVALID', message, { hint })
}
