import { type ErrorCode, isRedriveError, RedriveError } from '@redrive/worker'
import { isConnectionTrouble } from '../store/store.ts'

/** An error answer by RFC 9457, `application/problem+json`, with our code in `code`. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly hint?: string
  readonly requestId: string
  readonly data?: Readonly<Record<string, unknown>>
}

/** The one place where faults become HTTP statuses. */
const statusOf: Readonly<Partial<Record<ErrorCode, number>>> = {
  QUERY_INVALID: 400,
  REQUEST_INVALID: 400,
  OPTION_INVALID: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  MASKED: 403,
  NOT_FOUND: 404,
  STATE_CONFLICT: 409,
  PLAN_STALE: 409,
  EDIT_REFUSED: 422,
  DATABASE_UNREACHABLE: 503,
  BROKER_UNREACHABLE: 503,
}

/** Anything unexpected is told as `INTERNAL` without its text, which may hold what a letter holds; the log has it under the request id. */
export function problemOf(given: unknown, requestId: string): Problem {
  const error = isConnectionTrouble(given) ? unreachable(given) : given
  if (isRedriveError(error)) {
    const status = statusOf[error.code] ?? 500
    return {
      type: `urn:redrive:error:${error.code.toLowerCase().replaceAll('_', '-')}`,
      title: titleOf(error.code),
      status,
      code: error.code,
      detail: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      requestId,
      ...(Object.keys(error.data).length === 0 ? {} : { data: error.data }),
    }
  }
  const status = statusFromFastify(error)
  const code = status === 500 ? 'INTERNAL' : 'REQUEST_INVALID'
  return {
    type: `urn:redrive:error:${code.toLowerCase().replaceAll('_', '-')}`,
    title: titleOf(code),
    status,
    code,
    detail: status === 500 ? 'The office failed on this request; its log has the reason.' : messageOf(error),
    requestId,
  }
}

function unreachable(cause: unknown): RedriveError {
  return new RedriveError('DATABASE_UNREACHABLE', 'The database is away, too busy or too slow for this request.', {
    cause,
    hint: 'Try again; a query is quicker when it names a queue, a cause or an age.',
  })
}

function titleOf(code: string): string {
  const words = code.toLowerCase().replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** Fastify's own refusals (too large, not JSON, schema) carry a 4xx and a message about the form only. */
function statusFromFastify(error: unknown): number {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'The request is not valid.'
}
