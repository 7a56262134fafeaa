import { isRedriveError } from '@redrive/worker'
import { exitCodes } from './exit-codes.ts'

/** The exit status of a command that ended with this fault. */
export function exitCodeOf(error: unknown): number {
  if (!isRedriveError(error)) return exitCodes.failure
  switch (error.code) {
    case 'QUERY_INVALID':
    case 'REQUEST_INVALID':
    case 'OPTION_INVALID':
    case 'CONFIG_INVALID':
    case 'EDIT_REFUSED':
      return exitCodes.usage
    case 'UNAUTHENTICATED':
    case 'FORBIDDEN':
    case 'MASKED':
      return exitCodes.notSignedIn
    case 'NOT_FOUND':
      return exitCodes.notFound
    case 'PLAN_STALE':
    case 'STATE_CONFLICT':
      return exitCodes.stale
    case 'OFFICE_UNREACHABLE':
    case 'BROKER_UNREACHABLE':
    case 'DATABASE_UNREACHABLE':
      return exitCodes.unreachable
    default:
      return exitCodes.failure
  }
}
