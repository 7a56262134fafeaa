import {
  type Context,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  type SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { version } from '../version.ts'

/** What the office did with one letter, to be told in the trace that the letter carries. */
export interface LetterSpan {
  /** W3C: `00-<32 hex>-<16 hex>-<2 hex>`. */
  readonly traceparent: string
  readonly name: string
  readonly kind: SpanKind
  /** Nothing of the letter's own text: it goes where no mask is. */
  readonly attributes: Readonly<Record<string, string | number>>
  /** Epoch milliseconds. */
  readonly fromMs: number
  readonly untilMs: number
  /** Why it failed. */
  readonly failure?: string
}

/**
 * Where spans go: to the OpenTelemetry SDK that somebody has loaded into this process, `null` without one. Nothing is paid then.
 * @see https://opentelemetry.io/docs/languages/js/getting-started/nodejs/
 */
export function letterTracer(): Tracer | null {
  const provider = trace.getTracerProvider()
  if (provider instanceof ProxyTracerProvider && provider.getDelegateTracer('redrive') === undefined) return null
  return trace.getTracer('redrive', version)
}

/** Writes the span; a text that is no W3C trace context has none. */
export function traceLetter(tracer: Tracer, span: LetterSpan): void {
  const parent = contextOf(span.traceparent)
  if (parent === null) return
  const { name, kind, attributes, fromMs, untilMs, failure } = span
  const made = tracer.startSpan(name, { kind, attributes, startTime: fromMs }, parent)
  if (failure !== undefined) made.setStatus({ code: SpanStatusCode.ERROR, message: failure })
  made.end(Math.max(fromMs, untilMs))
}

const form = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

function contextOf(traceparent: string): Context | null {
  const [, traceId, spanId, flags] = form.exec(traceparent) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return null
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null
  const traceFlags = Number.parseInt(flags, 16)
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true })
}
