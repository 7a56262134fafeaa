import { errorChain } from '../error-chain.ts'
import { read } from '../guarded-read.ts'
import { notDoneMark } from './effect-errors.ts'

/**
 * What the failure of an effect says about it: `not-done` for `EffectNotDone` and `RetryLater`, for connections that were never made and
 * names that were not found, and for a status 4xx but 408, 409 and 499; else `maybe`: a time-out, a connection that broke, a 5xx. It takes the
 * effect for one request: an error of a second one, after the first has arrived, is judged wrongly.
 */
export function failureMeans(error: unknown): 'not-done' | 'maybe' {
  const chain = errorChain(error)
  if (chain.some(statesNotDone)) return 'not-done'
  if (chain.some((link) => isUndecided(statusOf(link)))) return 'maybe'
  return chain.some((link) => wasRefused(statusOf(link)) || wasNeverSent(link)) ? 'not-done' : 'maybe'
}

function statesNotDone(error: unknown): boolean {
  return read(error, notDoneMark) === 'not-done' || read(error, Symbol.for('redrive.control')) === 'retry'
}

/** Before the first byte: see connect(2), getaddrinfo(3), and the codes of c-ares and undici. */
const neverSent: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_NODATA',
  'UND_ERR_CONNECT_TIMEOUT',
])

function wasNeverSent(error: unknown): boolean {
  const syscall = read(error, 'syscall')
  if (syscall === 'connect') return true
  // A connection that stood may fail with the same codes; then the call is another one.
  const isLookup = typeof syscall === 'string' && (syscall.startsWith('getaddrinfo') || syscall.startsWith('query'))
  return neverSent.has(read(error, 'code')) && (syscall === undefined || isLookup)
}

function statusOf(error: unknown): number | undefined {
  const response = read(error, 'response')
  const candidates = [
    read(response, 'status'),
    read(response, 'statusCode'),
    read(error, 'status'),
    read(error, 'statusCode'),
  ]
  return candidates.find((status) => typeof status === 'number')
}

function wasRefused(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500
}

/** A conflict may be with our own earlier request; the others say that somebody stopped waiting, or do not know. */
function isUndecided(status: number | undefined): boolean {
  return status !== undefined && (status >= 500 || status === 408 || status === 409 || status === 499)
}
