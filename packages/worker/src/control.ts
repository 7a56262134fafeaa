import type { FailureClass } from './failure.ts'
import { read } from './guarded-read.ts'
import type { HandlerOutcome } from './outcome.ts'

type Control = 'permanent' | 'malformed' | 'transient' | 'retry' | 'discard'

/** A brand rather than `instanceof`: two copies of the package may be installed. No message body can forge a symbol. */
const control = Symbol.for('redrive.control')

/** Thrown or returned by a handler: this message will never succeed as it is, do not call again. Dies with tier `permanent`. */
export class PermanentError extends Error {
  override readonly name: string = 'PermanentError'

  static {
    brand(this.prototype, 'permanent')
  }
}

/** Thrown or returned by a handler: this message cannot be understood. Dies at once with tier `malformed`. */
export class MalformedError extends Error {
  override readonly name: string = 'MalformedError'

  static {
    brand(this.prototype, 'malformed')
  }
}

/** Thrown or returned by a handler: call again after `delayMs`, instead of the backoff's delay. Counts as a failed call. */
export class RetryLater extends Error {
  override readonly name: string = 'RetryLater'
  readonly kind = 'retry' as const
  readonly delayMs: number

  static {
    brand(this.prototype, 'retry')
  }

  constructor(delayMs: number, options: { readonly cause?: unknown } = {}) {
    super(`retry after ${delayMs} ms`, 'cause' in options ? { cause: options.cause } : undefined)
    this.delayMs = delayMs
  }
}

/** Thrown or returned by a handler: end this message on purpose; it becomes no letter. */
export class Discard extends Error {
  override readonly name: string = 'Discard'
  readonly kind = 'discard' as const
  readonly reason: string

  static {
    brand(this.prototype, 'discard')
  }

  constructor(reason: string) {
    super(reason)
    this.reason = reason
  }
}

/** To be returned by a handler: call again after `delayMs`, instead of the backoff's delay. Counts as a failed call. */
export function retryLater(delayMs: number, cause?: unknown): HandlerOutcome {
  return cause === undefined ? { kind: 'retry', delayMs } : { kind: 'retry', delayMs, cause }
}

/** To be returned by a handler: end this message on purpose; it becomes no letter. */
export function discard(reason: string): HandlerOutcome {
  return { kind: 'discard', reason }
}

/** To be returned by a handler: this message is dead, do not call again. */
export function dead(cause: unknown): HandlerOutcome {
  return { kind: 'dead', cause }
}

/** What a thrown `RetryLater` or `Discard` asks for; `undefined` for everything else, which is a failure to classify. */
export function thrownOutcome(thrown: unknown): HandlerOutcome | undefined {
  const asked = read(thrown, control)
  if (asked === 'retry') return { kind: 'retry', delayMs: delayOf(thrown), cause: read(thrown, 'cause') ?? thrown }
  if (asked === 'discard') return { kind: 'discard', reason: reasonOf(thrown) }
  return undefined
}

/**
 * What a returned value asks for. Only the shapes of `HandlerOutcome` and the classes of this file count; anything else a handler
 * returns, other errors included, means handled.
 */
export function returnedOutcome(value: unknown): HandlerOutcome {
  const outcome = thrownOutcome(value)
  if (outcome !== undefined) return outcome
  if (explicitClass(value) !== undefined) return { kind: 'dead', cause: value }
  const kind = read(value, 'kind')
  if (kind === 'retry' && typeof read(value, 'delayMs') === 'number')
    return retryLater(delayOf(value), read(value, 'cause'))
  if (kind === 'discard' && typeof read(value, 'reason') === 'string')
    return { kind: 'discard', reason: reasonOf(value) }
  if (kind === 'dead') return { kind: 'dead', cause: read(value, 'cause') }
  return { kind: 'handled' }
}

/** The class that one of this file's errors states by itself; causes are not looked at. */
export function explicitClass(error: unknown): FailureClass | undefined {
  const stated = read(error, control)
  if (stated === 'permanent' || stated === 'malformed' || stated === 'transient') return stated
  return stated === 'retry' ? 'transient' : undefined
}

/** An error of ours that states by itself what follows from it. */
export function stating<Fault extends Error>(
  error: Fault,
  { control: value, delayMs }: { readonly control: Control; readonly delayMs?: number },
): Fault {
  brand(error, value)
  return delayMs === undefined ? error : Object.assign(error, { delayMs })
}

function brand(target: object, value: Control): void {
  Object.defineProperty(target, control, { value })
}

function delayOf(value: unknown): number {
  const delayMs = read(value, 'delayMs')
  return typeof delayMs === 'number' && delayMs > 0 ? delayMs : 0
}

function reasonOf(value: unknown): string {
  const reason = read(value, 'reason')
  return typeof reason === 'string' ? reason : ''
}
