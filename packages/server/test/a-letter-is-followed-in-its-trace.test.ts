// Alone in its process: what traces is registered for all of it.
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import * as openTelemetry from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { constant, PermanentError } from '@redrive/worker'
import { listCauses } from '../src/causes/index.ts'
import { listLetters } from '../src/letters/index.ts'
import { letterTracer } from '../src/tracing/letter-span.ts'
import { officeBed, until } from './office-bed.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const producerId = '00f067aa0ba902b7'
const traceparent = { name: 'traceparent', value: Buffer.from(`00-${traceId}-${producerId}-01`) }
const exporter = new InMemorySpanExporter()
beforeEach(() => exporter.reset())

test('without an SDK the office traces nothing', () => {
  assert.equal(letterTracer(), null)
})

test('a message is followed from its first failure to the call that handles its replay, in the trace of its producer', async (t) => {
  openTelemetry.trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  )
  openTelemetry.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  openTelemetry.propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  const bed = await officeBed(t)
  let broken = true
  await bed.worker({
    retry: { maxAttempts: 2, backoff: constant(1) },
    openTelemetry,
    handle() {
      if (broken) throw new Error('the portal is away')
    },
  })
  await bed.produce({ key: null, body: Buffer.from('order 1'), headers: [traceparent] })
  await until('captured', async () => ((await bed.states())['open'] === 1 ? true : undefined))
  const [cause] = (await listCauses(bed.store)).causes
  const [letter] = (await listLetters(bed.store, { query: 'queue:orders', limit: 1, nowMs: Date.now() })).letters
  broken = false
  bed.replayer()
  const run = await bed.run(await bed.plan({ cause: cause?.id ?? '' }))
  await until('confirmed', async () => ((await bed.runOf(run.id)).outcomes.confirmed === 1 ? true : undefined))

  const spans = exporter.getFinishedSpans()
  assert.deepEqual(
    spans
      .map(({ name, kind, attributes }) => [name, openTelemetry.SpanKind[kind], attributes['redrive.outcome']])
      .toSorted(),
    [
      ['process orders', 'CONSUMER', 'failed'],
      ['process orders-retries-reefer', 'CONSUMER', 'failed'],
      ['capture orders-dead-letter', 'CONSUMER', undefined],
      ['replay orders-retries-reefer', 'PRODUCER', 'sent'],
      ['process orders-retries-reefer', 'CONSUMER', 'handled'],
    ].toSorted(),
  )
  for (const span of spans) {
    assert.equal(span.spanContext().traceId, traceId, span.name)
    assert.equal(span.parentSpanContext?.spanId, producerId, span.name)
  }
  const attributes = (name: string): openTelemetry.Attributes =>
    spans.find((span) => span.name.startsWith(name))?.attributes ?? {}
  assert.deepEqual(attributes('capture'), {
    'messaging.destination.name': 'orders-dead-letter',
    'messaging.operation.name': 'capture',
    'messaging.operation.type': 'receive',
    'redrive.letter.id': letter?.id,
    'redrive.queue': 'orders',
    'redrive.cause.id': cause?.id,
    'redrive.tier': cause?.tier,
    'error.type': 'Error',
  })
  const { 'redrive.replay.id': replayId, ...replay } = attributes('replay')
  assert.match(String(replayId), /^[0-9a-f-]{36}$/)
  assert.deepEqual(replay, {
    'messaging.destination.name': 'orders-retries-reefer',
    'messaging.operation.name': 'replay',
    'messaging.operation.type': 'send',
    'redrive.letter.id': letter?.id,
    'redrive.run.id': run.id,
    'redrive.outcome': 'sent',
  })
  assert.equal(spans.at(-1)?.attributes['redrive.replay.id'] ?? replayId, replayId)
})

test('a replay that was not sent has a span that failed; letters without a trace have none', async (t) => {
  const bed = await officeBed(t)
  await bed.worker({
    handle() {
      throw new PermanentError('no such port')
    },
  })
  const nonsense = { name: 'traceparent', value: Buffer.from('00-nonsense') }
  for (const headers of [[], [nonsense], [traceparent]])
    await bed.produce({ key: null, body: Buffer.from('order'), headers })
  await until('captured', async () => ((await bed.states())['open'] === 3 ? true : undefined))
  const plan = await bed.plan({ query: 'queue:orders' })
  bed.brokers.delete('memory')
  bed.replayer()
  const { id } = await bed.run(plan)
  await until('tried', async () => ((await bed.runOf(id)).state === 'running' ? undefined : true))
  assert.deepEqual(
    exporter.getFinishedSpans().map(({ name, status }) => [name, status.code, status.message]),
    [
      ['capture orders-dead-letter', openTelemetry.SpanStatusCode.UNSET, undefined],
      ['replay orders-retries-reefer', openTelemetry.SpanStatusCode.ERROR, 'not-sent'],
    ],
  )
})
