import { RedriveError } from './errors.ts'

/** How long to wait before the next call. A value without state: what it needs to know is passed in. */
export interface Backoff {
  /**
   * @param attempt number of the call that just failed, counting from 1
   * @param previousMs the delay before that call; 0 before the first
   * @param random a number from 0 (included) to 1 (excluded)
   * @returns milliseconds, 0 or more, never over the cap
   */
  delayMs(attempt: number, previousMs: number, random: () => number): number
}

/** Always the same delay. @throws OPTION_INVALID */
export function constant(ms: number): Backoff {
  notNegative('ms', ms)
  return { delayMs: () => ms }
}

/** `firstMs`, then `stepMs` more each time: min(maxMs, firstMs + stepMs · (attempt − 1)). @throws OPTION_INVALID */
export function linear(options: {
  readonly firstMs: number
  readonly stepMs: number
  readonly maxMs: number
}): Backoff {
  const { firstMs, stepMs, maxMs } = options
  notNegative('firstMs', firstMs)
  notNegative('stepMs', stepMs)
  notBelow('maxMs', maxMs, firstMs)
  return { delayMs: (attempt) => Math.min(maxMs, firstMs + stepMs * (attempt - 1)) }
}

/**
 * `e` = min(maxMs, firstMs · factor^(attempt − 1)), then by `jitter`: `none` e; `full` random from 0 to e; `equal` e/2 plus random
 * from 0 to e/2.
 * @param options `factor` 1 or more, @default 2; `jitter` @default 'full', which spreads callers best for the least work
 * @throws OPTION_INVALID
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function exponential(options: {
  readonly firstMs: number
  readonly factor?: number
  readonly maxMs: number
  readonly jitter?: 'none' | 'full' | 'equal'
}): Backoff {
  const { firstMs, factor = 2, maxMs, jitter = 'full' } = options
  positive('firstMs', firstMs)
  notBelow('maxMs', maxMs, firstMs)
  notBelow('factor', factor, 1)
  if (jitter !== 'none' && jitter !== 'full' && jitter !== 'equal') {
    throw invalid(`jitter is ${String(jitter)}`, "Use 'none', 'full' or 'equal'.")
  }
  return {
    delayMs(attempt, _previousMs, random) {
      const ms = Math.min(maxMs, firstMs * factor ** (attempt - 1))
      if (jitter === 'none') return ms
      return jitter === 'full' ? random() * ms : ms / 2 + (random() * ms) / 2
    },
  }
}

/**
 * min(maxMs, random from firstMs to 3 · the previous delay), where the delay before the first is firstMs.
 * @throws OPTION_INVALID
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function decorrelatedJitter(options: { readonly firstMs: number; readonly maxMs: number }): Backoff {
  const { firstMs, maxMs } = options
  positive('firstMs', firstMs)
  notBelow('maxMs', maxMs, firstMs)
  return {
    delayMs(_attempt, previousMs, random) {
      const top = Math.max(firstMs, previousMs) * 3
      return Math.min(maxMs, firstMs + random() * (top - firstMs))
    },
  }
}

function notNegative(name: string, value: number): void {
  if (!Number.isFinite(value) || value < 0)
    throw invalid(`${name} is ${value}`, `Give ${name} as milliseconds, 0 or more.`)
}

function positive(name: string, value: number): void {
  if (!Number.isFinite(value) || value <= 0)
    throw invalid(`${name} is ${value}`, `Give ${name} as milliseconds over 0.`)
}

function notBelow(name: string, value: number, least: number): void {
  if (!Number.isFinite(value) || value < least)
    throw invalid(`${name} is ${value}`, `Give ${name} as ${least} or more.`)
}

function invalid(what: string, hint: string): RedriveError {
  return new RedriveError('OPTION_INVALID', `Backoff: ${what}`, { hint })
}
