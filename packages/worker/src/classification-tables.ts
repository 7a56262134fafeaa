import type { FailureClass } from './failure.ts'

/**
 * HTTP status → class. 4xx are permanent: the same request gets the same answer until somebody changes something (a credential, a
 * right, the order), and that is what a replay is for. Exceptions are the answers that ask to come again; 409 and 423 among them
 * because conflicts and locks pass. 5xx are transient but for those that say "never". Below 400: no failure, no word.
 */
const statuses: ReadonlyMap<number, FailureClass> = new Map<number, FailureClass>([
  [400, 'permanent'],
  [401, 'permanent'],
  [403, 'permanent'],
  [404, 'permanent'],
  [408, 'transient'],
  [409, 'transient'],
  [410, 'permanent'],
  [415, 'permanent'],
  [421, 'transient'],
  [422, 'permanent'],
  [423, 'transient'],
  [425, 'transient'],
  [429, 'transient'],
  [500, 'transient'],
  [501, 'permanent'],
  [502, 'transient'],
  [503, 'transient'],
  [504, 'transient'],
  [505, 'permanent'],
])

export function classOfStatus(status: unknown): FailureClass | undefined {
  if (typeof status !== 'number' || !(status >= 400 && status < 600)) return undefined
  return statuses.get(status) ?? (status < 500 ? 'permanent' : 'transient')
}

const codes: ReadonlyMap<unknown, FailureClass> = new Map<string, FailureClass>([
  // Took too long, or was called off: Node, undici, axios, request.
  ...all('timeout', 'ETIMEDOUT', 'ESOCKETTIMEDOUT', 'ECONNABORTED', 'ERR_CANCELED', 'ABORT_ERR', 'UND_ERR_ABORTED'),
  ...all('timeout', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEOUT'),
  // The network or the other side, for now.
  ...all('transient', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA'),
  ...all('transient', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'ENETRESET', 'ENOTCONN', 'EADDRNOTAVAIL'),
  ...all(
    'transient',
    'UND_ERR_SOCKET',
    'UND_ERR_CLOSED',
    'UND_ERR_DESTROYED',
    'ERR_STREAM_PREMATURE_CLOSE',
    'ERR_NETWORK',
  ),
  ...all(
    'transient',
    'ERR_HTTP2_GOAWAY_SESSION',
    'ERR_HTTP2_STREAM_CANCEL',
    'ERR_SOCKET_CLOSED',
    'ERR_SOCKET_CONNECTION_TIMEOUT',
  ),
  // DNS answers of c-ares.
  ...all('transient', 'ESERVFAIL', 'EREFUSED'),
  // This machine, for now.
  ...all('transient', 'EMFILE', 'ENFILE', 'ENOSPC', 'ENOMEM', 'EAGAIN', 'EBUSY', 'ENOBUFS'),
  // MySQL and MariaDB.
  ...all('transient', 'ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_CON_COUNT_ERROR', 'PROTOCOL_CONNECTION_LOST'),
  ...all('permanent', 'ER_DUP_ENTRY', 'ER_DATA_TOO_LONG', 'ER_BAD_NULL_ERROR'),
  // Bytes that are not what they claim to be.
  ...all('malformed', 'ERR_ENCODING_INVALID_ENCODED_DATA', 'Z_DATA_ERROR', 'Z_BUF_ERROR'),
  ...all('permanent', 'ERR_ASSERTION'),
])

export function classOfCode(code: unknown): FailureClass | undefined {
  return codes.get(code)
}

/**
 * SQLSTATE → class, longest prefix first. Connection, serialization, resources and shutdown pass; the server's time limits are
 * timeouts; data, constraints, rights and the statement itself stay as they are.
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const sqlStates: ReadonlyMap<string, FailureClass> = new Map<string, FailureClass>([
  ...all('timeout', '57014', '25P03', '25P04'),
  ...all('transient', '08', '40001', '40003', '40P01', '53', '55P03', '55006', '57P', '58'),
  ...all('permanent', '22', '23', '28', '42'),
])

export function classOfSqlState(code: unknown): FailureClass | undefined {
  if (typeof code !== 'string' || !/^[0-5][0-9A-Z]{4}$/.test(code)) return undefined
  return sqlStates.get(code) ?? sqlStates.get(code.slice(0, 3)) ?? sqlStates.get(code.slice(0, 2))
}

const names: ReadonlyMap<string, FailureClass> = new Map<string, FailureClass>([
  ...all(
    'timeout',
    'AbortError',
    'TimeoutError',
    'CanceledError',
    'ConnectTimeoutError',
    'HeadersTimeoutError',
    'BodyTimeoutError',
  ),
  ...all('timeout', 'RequestTimeout', 'RequestTimeoutException'),
  // JSON.parse, zod, yup, joi, ajv, valibot, yaml, js-yaml, csv-parse.
  ...all(
    'malformed',
    'SyntaxError',
    'URIError',
    'ZodError',
    '$ZodError',
    'ValidationError',
    'ValiError',
    'YAMLException',
  ),
  ...all('malformed', 'YAMLParseError', 'CsvError'),
  ...all('permanent', 'TypeError', 'ReferenceError', 'RangeError', 'EvalError', 'AssertionError'),
])

export function classOfName(name: string): FailureClass | undefined {
  return names.get(name)
}

function all(failureClass: FailureClass, ...keys: readonly string[]): [string, FailureClass][] {
  return keys.map((key) => [key, failureClass])
}
