import { SpanKind } from '@opentelemetry/api'
import type { SendResult } from '@redrive/worker'
import { showLetterId, showRunId } from '../store/ids.ts'
import { letterTracer, traceLetter } from '../tracing/letter-span.ts'
import type { Claimed } from './claimed.ts'

/** Tells of replays in the traces that their letters carry: `replay <place>`. @param fromMs when the batch was taken up */
export function traceSent(
  letters: readonly Claimed[],
  {
    results,
    runId,
    fromMs,
  }: { readonly results: readonly SendResult[]; readonly runId: string; readonly fromMs: number },
): void {
  const tracer = letterTracer()
  if (tracer === null) return
  const untilMs = Date.now()
  letters.forEach(({ letter, letterId, place, attemptId }, at) => {
    const { kind } = results[at] ?? { kind: 'uncertain' }
    const traceparent = letter?.traceparent ?? null
    if (traceparent === null) return
    traceLetter(tracer, {
      traceparent,
      name: `replay ${place}`,
      kind: SpanKind.PRODUCER,
      fromMs,
      untilMs,
      attributes: {
        'messaging.destination.name': place,
        'messaging.operation.name': 'replay',
        'messaging.operation.type': 'send',
        'redrive.letter.id': showLetterId(letterId),
        'redrive.run.id': showRunId(runId),
        'redrive.replay.id': attemptId,
        'redrive.outcome': kind,
      },
      ...(kind === 'sent' ? {} : { failure: kind }),
    })
  })
}
