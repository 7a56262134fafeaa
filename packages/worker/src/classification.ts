import { classOfCode, classOfName, classOfSqlState, classOfStatus } from './classification-tables.ts'
import { explicitClass } from './control.ts'
import { errorChain } from './error-chain.ts'
import type { FailureClass } from './failure.ts'
import { read } from './guarded-read.ts'

/** A user's own rule: the class of an error, or `undefined` to leave it to the next one. Sees what was thrown, causes and all. */
export type Rule = (error: unknown) => FailureClass | undefined

/**
 * The class of whatever was thrown. Custom rules come first, in order; one that throws or answers nonsense is passed over. Then the
 * outermost `PermanentError`, `MalformedError` or `RetryLater` wins; then the innermost cause that the tables know, since wrappers
 * tell less than what they wrap; else `unknown`. Never throws.
 */
export function classify(error: unknown, rules: readonly Rule[] = []): FailureClass {
  for (const rule of rules) {
    const answer = answerOf(rule, error)
    if (answer !== undefined) return answer
  }
  const chain = errorChain(error)
  for (const link of chain) {
    const explicit = explicitClass(link)
    if (explicit !== undefined) return explicit
  }
  for (const link of chain.toReversed()) {
    const known = classOfLink(link)
    if (known !== undefined) return known
  }
  return 'unknown'
}

const classes: ReadonlySet<unknown> = new Set<FailureClass>([
  'transient',
  'permanent',
  'malformed',
  'timeout',
  'unknown',
])

function answerOf(rule: Rule, error: unknown): FailureClass | undefined {
  try {
    const answer = rule(error)
    return classes.has(answer) ? answer : undefined
  } catch {
    return undefined
  }
}

function classOfLink(error: unknown): FailureClass | undefined {
  const names = namesOf(error)
  const code = read(error, 'code')
  // Before the status: AWS answers throttling with 400.
  if (read(error, '$retryable') !== undefined || names.some((name) => awsThrottling.has(name))) return 'transient'
  return classOfStatus(statusOf(error)) ?? classOfCode(code) ?? classOfSqlState(code) ?? classOfNames(error, names)
}

/** @see https://github.com/smithy-lang/smithy-typescript packages/service-error-classification, THROTTLING_ERROR_CODES */
const awsThrottling: ReadonlySet<string> = new Set([
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
  'LimitExceededException',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'TransactionInProgressException',
])

/** HTTP status in the shapes of fetch, http-errors, undici, axios, ky, got and the AWS SDK. */
function statusOf(error: unknown): unknown {
  const response = read(error, 'response')
  const candidates = [
    read(response, 'status'),
    read(response, 'statusCode'),
    read(read(error, '$metadata'), 'httpStatusCode'),
    read(error, 'status'),
    read(error, 'statusCode'),
  ]
  return candidates.find((status) => typeof status === 'number')
}

function namesOf(error: unknown): readonly string[] {
  const names = [read(error, 'name'), read(read(error, 'constructor'), 'name')]
  return names.filter((name) => typeof name === 'string')
}

function classOfNames(error: unknown, names: readonly string[]): FailureClass | undefined {
  for (const name of names) {
    if (name === 'SyntaxError' && isOfResponse(error)) return undefined
    if (name === 'TypeError' && isOfFetch(error)) return 'transient'
    const known = classOfName(name)
    if (known !== undefined) return known
  }
  return undefined
}

/** `response.json()` of something else than JSON, a proxy's error page for one: that tells nothing about the message. */
function isOfResponse(error: unknown): boolean {
  const stack = read(error, 'stack')
  return typeof stack === 'string' && stack.slice(0, 2000).includes('node:internal/deps/undici')
}

/** undici throws TypeErrors for what went wrong on the network; usually, but not always, with a telling cause. */
function isOfFetch(error: unknown): boolean {
  const message = read(error, 'message')
  return message === 'fetch failed' || message === 'terminated'
}
