/** Every fault that Redrive itself raises has one of these codes; `docs/errors.md` says what to do about each. */
export type ErrorCode =
  | 'ARCHIVE_UNREADABLE'
  | 'ARCHIVE_UNWRITABLE'
  | 'BROKER_UNREACHABLE'
  | 'BROKER_CLOSED'
  | 'CAPABILITY_MISSING'
  | 'CLIENT_UNSUPPORTED'
  | 'CONFIG_INVALID'
  | 'DATA_FOLDER_IN_USE'
  | 'DATABASE_TOO_OLD'
  | 'DATABASE_UNREACHABLE'
  | 'DATABASE_UNSAFE'
  | 'EDIT_REFUSED'
  | 'EFFECT_BUSY'
  | 'EFFECT_MAYBE'
  | 'EFFECT_RESULT_UNUSABLE'
  | 'EFFECT_STORE_FAILED'
  | 'EFFECT_UNNAMED'
  | 'EMBEDDED_POSTGRES_MISSING'
  | 'EMBEDDED_POSTGRES_FAILED'
  | 'FORBIDDEN'
  | 'MASKED'
  | 'MIGRATION_CHANGED'
  | 'MIGRATION_NEWER'
  | 'OPTION_INVALID'
  | 'PLACE_MISSING'
  | 'PLAN_STALE'
  | 'NOT_FOUND'
  | 'QUERY_INVALID'
  | 'REQUEST_INVALID'
  | 'UNAUTHENTICATED'
  | 'OFFICE_UNREACHABLE'
  | 'STATE_CONFLICT'
  | 'INTERNAL'

/** The one family of faults: what happened (`message`), why (`cause`), what to do (`hint`). Never holds payloads or secrets. */
export class RedriveError extends Error {
  override readonly name: string = 'RedriveError'
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly data: Readonly<Record<string, unknown>>
  /** A brand rather than `instanceof`: two copies of the package may be installed. */
  readonly isRedriveError: boolean = true

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      readonly cause?: unknown
      readonly hint?: string
      readonly data?: Readonly<Record<string, unknown>>
    } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.hint = options.hint
    this.data = options.data ?? {}
  }
}

/** True for a `RedriveError` of this or of another installed copy of the package. */
export function isRedriveError(value: unknown, code?: ErrorCode): value is RedriveError {
  if (typeof value !== 'object' || value === null || !('isRedriveError' in value)) return false
  return code === undefined || (value as RedriveError).code === code
}
