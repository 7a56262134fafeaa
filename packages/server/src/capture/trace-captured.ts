import { SpanKind } from '@opentelemetry/api'
import { causeIdOf } from '../causes/index.ts'
import { showCauseId, showLetterId } from '../store/ids.ts'
import { letterTracer, traceLetter } from '../tracing/letter-span.ts'
import type { Batch } from './batch.ts'

/** Tells of a batch's letters, once they are committed, in the traces they carry: `capture <place>`. @param fromMs when the commit began */
export function traceCaptured(
  batch: Pick<Batch, 'letters'>,
  { place, fromMs }: { readonly place: string; readonly fromMs: number },
): void {
  const tracer = letterTracer()
  if (tracer === null) return
  const untilMs = Date.now()
  for (const letter of batch.letters) {
    const { traceparent, tier = 'unknown', errorClass } = letter.read.facts
    if (traceparent === undefined) continue
    traceLetter(tracer, {
      traceparent,
      name: `capture ${place}`,
      kind: SpanKind.CONSUMER,
      fromMs,
      untilMs,
      attributes: {
        'messaging.destination.name': place,
        'messaging.operation.name': 'capture',
        'messaging.operation.type': 'receive',
        'redrive.letter.id': showLetterId(letter.idText),
        'redrive.queue': letter.queue.name,
        'redrive.cause.id': showCauseId(letter.led === null ? causeIdOf(letter.home) : letter.led.id),
        'redrive.tier': tier,
        ...(errorClass === undefined ? {} : { 'error.type': errorClass }),
      },
    })
  }
}
