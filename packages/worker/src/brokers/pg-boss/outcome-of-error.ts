import type { SendResult } from '../../broker.ts'

const neverConnected: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
])
const neverSent =
  /^(?:timeout exceeded when trying to connect|Cannot use a pool after calling end|Queue .* does not exist|Database not opened)/

/**
 * What an insert that failed means for its jobs, which are inserted in one statement. An error of the server has rolled it
 * back, unless the server was about to stop; an error of the connection leaves it open, unless it was never made.
 */
export function outcomeOfError(error: unknown): SendResult {
  const reason = error instanceof Error ? error.message : String(error)
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  if (neverConnected.has(code) || neverSent.test(reason)) return { kind: 'not-sent', reason, retryable: true }
  if (code === 'ERR_ASSERTION' || error instanceof RangeError || error instanceof TypeError) {
    return { kind: 'not-sent', reason, retryable: false }
  }
  if (isSqlState(code)) {
    // Class 22 is about the data, 23 about constraints, 42 about the statement: trying again gives the same.
    if (/^(?:57P0[12]|08)/.test(code)) return { kind: 'uncertain', reason }
    return { kind: 'not-sent', reason, retryable: !/^(?:22|23|42)/.test(code) }
  }
  return { kind: 'uncertain', reason }
}

/** True where the database answers and says no: asking again gives the same. */
export function isRefused(error: unknown): boolean {
  const outcome = outcomeOfError(error)
  return outcome.kind === 'not-sent' && !outcome.retryable
}

/** Asks what may be asked twice: connections of the pool that broke while they were idle show it only when used. */
export async function asking<T>(question: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await question()
    } catch (error) {
      if (attempt === maxAsked || outcomeOfError(error).kind !== 'uncertain') throw error
    }
  }
}

/** As many connections as pools usually hold. */
const maxAsked = 10

function isSqlState(code: unknown): code is string {
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code)
}
