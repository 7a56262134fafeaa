// Alone in its process: what traces is registered for all of it.
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import * as openTelemetry from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { constant } from '../src/backoff.ts'
import { dead, discard, PermanentError, RetryLater, retryLater } from '../src/control.ts'
import type { Handler } from '../src/worker/attempt.ts'
import type { WorkerOptions } from '../src/worker/options.ts'
import { bed, messageOf, never, stop } from './bed.ts'

const exporter = new InMemorySpanExporter()
openTelemetry.trace.setGlobalTracerProvider(
  new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
)
openTelemetry.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
openTelemetry.propagation.setGlobalPropagator(new W3CTraceContextPropagator())
beforeEach(() => exporter.reset())

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const parentId = '00f067aa0ba902b7'
const headers = [
  { name: 'Traceparent', value: Buffer.from(`00-${traceId}-${parentId}-01`) },
  { name: 'traceparent', value: Buffer.from(`00-${'1'.repeat(32)}-${parentId}-01`) },
]

const calls = (): readonly ReadableSpan[] =>
  exporter.getFinishedSpans().filter(({ name }) => name.startsWith('process'))

async function ran(
  handle: Handler,
  { count = 1, ...options }: Partial<WorkerOptions> & { readonly count?: number } = {},
): Promise<void> {
  const on = bed()
  const retry = { maxAttempts: 2, backoff: constant(1) }
  const worker = await on.worker({ handle, openTelemetry, retry, ...options })
  await on.send(messageOf('order', { headers }))
  await on.until('the calls have ended', () => calls().length === count)
  await stop(on, worker)
}

test('each call is a span in the trace of its message, and what the handler does is below it', async () => {
  let n = 0
  await ran(
    async () => {
      await Promise.resolve()
      openTelemetry.trace.getTracer('user').startSpan('allocate').end()
      if (++n === 1) throw Object.assign(new Error('no container'), { name: 'PortalError' })
    },
    { count: 2 },
  )
  const [first, second, ...others] = calls()
  assert.deepEqual(others, [])
  for (const span of [first, second]) {
    assert.equal(span?.spanContext().traceId, traceId)
    assert.equal(span?.parentSpanContext?.spanId, parentId)
    assert.equal(span?.kind, openTelemetry.SpanKind.CONSUMER)
  }
  assert.equal(first?.name, 'process orders')
  const { 'redrive.message.id': id, ...attributes } = first?.attributes ?? {}
  assert.match(String(id), /./)
  assert.deepEqual(attributes, {
    'messaging.system': 'memory',
    'messaging.destination.name': 'orders',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.consumer.group.name': 'reefer',
    'redrive.queue': 'orders',
    'redrive.attempt': 1,
    'redrive.outcome': 'failed',
    'error.type': 'PortalError',
  })
  assert.deepEqual(first?.status, { code: openTelemetry.SpanStatusCode.ERROR, message: 'no container' })
  assert.equal(first?.events[0]?.attributes?.['exception.type'], 'PortalError')
  assert.equal(second?.attributes['redrive.attempt'], 2)
  assert.equal(second?.attributes['redrive.outcome'], 'handled')
  assert.equal(second?.status.code, openTelemetry.SpanStatusCode.UNSET)
  assert.deepEqual(
    exporter.getFinishedSpans().flatMap((span) => (span.name === 'allocate' ? [span.parentSpanContext?.spanId] : [])),
    [first, second].map((span) => span?.spanContext().spanId),
  )
})

test('what a handler asks for is in its span', async () => {
  for (const [outcome, handle] of [
    ['handled', () => 'fine'],
    ['discard', () => discard('a test order')],
    ['retry', () => retryLater(1, new Error('later'))],
    ['retry', () => Promise.reject(new RetryLater(1))],
    ['dead', () => dead(new Error('never'))],
    ['dead', () => new PermanentError('returned')],
    ['failed', () => Promise.reject(new PermanentError('thrown'))],
    ['failed', () => fail(undefined)],
  ] as const) {
    exporter.reset()
    await ran(handle)
    assert.equal(calls()[0]?.attributes['redrive.outcome'], outcome, handle.toString())
    const isError = calls()[0]?.status.code === openTelemetry.SpanStatusCode.ERROR
    assert.equal(isError, outcome !== 'handled' && outcome !== 'discard', handle.toString())
  }
})

test('a call that takes too long has a span that ends with its time', async () => {
  await ran(() => never(), { timeoutMs: 50, retry: { maxAttempts: 1, backoff: constant(1) } })
  const [span, ...others] = calls()
  assert.deepEqual(others, [])
  assert.equal(span?.attributes['redrive.outcome'], 'timeout')
  assert.equal(span?.attributes['error.type'], 'TimeoutError')
})

test('a message without a trace, or with nonsense for one, begins one', async () => {
  for (const value of [null, Buffer.from('00-nonsense'), Buffer.from([0xff])]) {
    exporter.reset()
    const on = bed()
    const worker = await on.worker({ handle: () => undefined, openTelemetry })
    await on.send(messageOf('order', { headers: [{ name: 'traceparent', value }] }))
    await on.until('handled', () => calls().length === 1)
    await stop(on, worker)
    assert.equal(calls()[0]?.parentSpanContext, undefined)
  }
})

test('an api without a tracer behind it changes nothing', async () => {
  const on = bed()
  const nobody = new openTelemetry.ProxyTracerProvider()
  const { setSpan } = openTelemetry.trace
  const quiet = { ...openTelemetry, trace: { getTracer: (name: string) => nobody.getTracer(name), setSpan } }
  let handled = 0
  const worker = await on.worker({ handle: () => void handled++, openTelemetry: quiet })
  await on.send('one', 'two')
  await on.until('handled', () => handled === 2)
  await stop(on, worker)
  assert.equal(exporter.getFinishedSpans().length, 0)
})

function fail(thrown: unknown): never {
  throw thrown
}
