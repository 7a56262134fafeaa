import { returnedOutcome, thrownOutcome } from '../control.ts'
import { describeFailure } from '../describe-failure.ts'
import { read } from '../guarded-read.ts'
import type { Header } from '../message.ts'
import type { HandlerOutcome } from '../outcome.ts'
import type { Handler, HandlerContext } from './attempt.ts'

/** What is used of `@opentelemetry/api`: give that module. */
export interface OpenTelemetryApi {
  readonly trace: {
    getTracer(name: string): {
      startSpan(name: string, options: { kind: number; attributes: SpanAttributes }, context: never): TracedSpan
    }
    setSpan(context: never, span: never): unknown
  }
  readonly context: {
    active(): unknown
    with(context: never, run: () => unknown): unknown
  }
  readonly propagation: {
    extract(context: never, carrier: readonly Header[], getter: typeof headersGetter): unknown
  }
}

type SpanAttributes = Record<string, string | number>

export interface TracedSpan {
  setAttribute(name: string, value: string | number): unknown
  setStatus(status: { readonly code: number; readonly message?: string }): unknown
  recordException(exception: { readonly name: string; readonly message: string; readonly stack?: string }): unknown
  end(): void
}

/** Numbers of `SpanKind.CONSUMER` and `SpanStatusCode.ERROR`. */
const consumerKind = 4
const errorCode = 2

/**
 * Makes a span of each call, in the trace that the message carries: `process <place>`, with the attributes of the conventions for messaging
 * and `redrive.*`. What the handler does is traced below it. A call that fails, is to be retried, is late or dead has a span that failed.
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
 */
export function traced(
  handle: Handler,
  options: { readonly api: OpenTelemetryApi; readonly system: string; readonly consumer: string },
): Handler {
  const { trace, context, propagation } = options.api
  const tracer = trace.getTracer('@redrive/worker')
  return (message, about) => {
    const parent = propagation.extract(context.active() as never, message.headers, headersGetter) as never
    const settings = { kind: consumerKind, attributes: attributesOf(about, options) }
    const span = tracer.startSpan(`process ${about.place}`, settings, parent)
    const end = ending(span)
    let answer: unknown
    try {
      answer = context.with(trace.setSpan(parent, span as never) as never, () => handle(message, about))
    } catch (thrown) {
      end.threw(thrown)
      throw thrown
    }
    if (answer === null || (typeof answer !== 'object' && typeof answer !== 'function')) {
      end.returned(answer)
      return answer
    }
    about.signal.addEventListener('abort', () => end.aborted(about.signal.reason), { once: true })
    return Promise.resolve(answer).then(
      (value) => {
        end.returned(value)
        return value
      },
      (thrown: unknown) => {
        end.threw(thrown)
        throw thrown
      },
    )
  }
}

/** Ends a span once; what comes after a timeout changes nothing. */
function ending(span: TracedSpan): {
  returned(value: unknown): void
  threw(thrown: unknown): void
  aborted(reason: unknown): void
} {
  let isEnded = false
  const end = (outcome: string, cause?: { readonly thrown: unknown }): void => {
    if (isEnded) return
    isEnded = true
    span.setAttribute('redrive.outcome', outcome)
    if (cause !== undefined) failed(span, cause.thrown)
    span.end()
  }
  const ended = (outcome: HandlerOutcome): void =>
    end(outcome.kind, 'cause' in outcome ? { thrown: outcome.cause } : undefined)
  return {
    returned: (value) => ended(returnedOutcome(value)),
    threw(thrown) {
      const asked = thrownOutcome(thrown)
      if (asked === undefined) end('failed', { thrown })
      else ended(asked)
    },
    aborted: (reason) => end(read(reason, 'name') === 'TimeoutError' ? 'timeout' : 'stopped', { thrown: reason }),
  }
}

function failed(span: TracedSpan, thrown: unknown): void {
  const { errorClass, message, stack } = describeFailure(thrown)
  span.setAttribute('error.type', errorClass)
  span.recordException({ name: errorClass, message, ...(stack === null ? {} : { stack }) })
  span.setStatus({ code: errorCode, message })
}

function attributesOf(
  about: HandlerContext,
  { system, consumer }: { readonly system: string; readonly consumer: string },
): SpanAttributes {
  const { attempt, letterId, place, replayId, origin } = about
  return {
    'messaging.system': system,
    'messaging.destination.name': place,
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.consumer.group.name': consumer,
    'redrive.queue': origin.place,
    'redrive.message.id': letterId,
    'redrive.attempt': attempt,
    ...(replayId === null ? {} : { 'redrive.replay.id': replayId }),
  }
}

/** How a propagator reads our headers: names without regard to case, the first one of several, as the wire has it. */
const headersGetter = {
  keys: (headers: readonly Header[]): string[] => headers.map(({ name }) => name),
  get(headers: readonly Header[], name: string): string | undefined {
    const value = headers.find((header) => header.name.toLowerCase() === name.toLowerCase())?.value
    return value === undefined || value === null ? undefined : Buffer.from(value).toString('utf8')
  },
}
