/** A dead-letter lane by kind of failure. */
export const tiers = ['transient', 'permanent', 'malformed', 'timeout', 'exhausted', 'unknown'] as const
export type Tier = (typeof tiers)[number]

/**
 * What a failed call is, before anything is decided about it. `exhausted` is not among them: it is what a
 * message becomes after too many crashes, never a property of one error.
 */
export type FailureClass = Exclude<Tier, 'exhausted'>

/**
 * Why the worker gave a message up.
 * `rejected`: its class is not retried; `attempts`: all attempts used; `budget`: total time used;
 * `crashed`: it killed the process too often; `held`: it was never called, since a letter of its key before it is unresolved.
 */
export type DeathReason = 'rejected' | 'attempts' | 'budget' | 'crashed' | 'held'

/**
 * An error as text, safe to store: every field capped, made from any throwable without running its code
 * more than once and without ever throwing.
 */
export interface FailureDescription {
  /** Class of the error that was thrown (`err.name` or its constructor's name), at most 200 characters. */
  readonly errorClass: string
  /** Class of the innermost `cause`; equal to `errorClass` without one. */
  readonly rootClass: string
  /** Message of the innermost `cause`, at most 4,000 characters. */
  readonly message: string
  /** Stack of the thrown error followed by `Caused by: …` for each cause, at most 32 KiB, the middle cut out; `null` without one. */
  readonly stack: string | null
}
