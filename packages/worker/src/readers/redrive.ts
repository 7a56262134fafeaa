import { stackHeader, wireHeader } from '../wire.ts'
import { decodeWire } from '../wire-codec.ts'
import { type Reader, type Reading, reading } from './reader.ts'

/** Our own wire. */
export const redrive: Reader = {
  name: 'redrive',
  layer: 'framework',
  owns: (name) => name === wireHeader || name === stackHeader,
  read({ message }): Reading | null {
    const decoded = decodeWire(message.headers)
    if (decoded === null) return null
    const { wire, stack } = decoded
    const { origin, failure, worker } = wire
    return reading(
      {
        originSystem: said(origin.system),
        originPlace: said(origin.place),
        originPartition: origin.partition,
        originPosition: origin.position,
        originTimestampMs: origin.timestampMs,
        consumer: said(origin.consumer),
        errorClass: failure === null ? null : said(failure.rootClass),
        message: failure?.message,
        stack,
        attempts: wire.attempts > 0 ? wire.attempts : null,
        maxAttempts: wire.maxAttempts,
        firstFailedAtMs: wire.firstFailedAtMs,
        lastFailedAtMs: wire.lastFailedAtMs,
        tier: wire.tier,
        reason: wire.reason,
        service: said(worker?.service),
        release: worker?.release,
        host: worker?.host,
        traceparent: wire.traceparent,
        wireId: said(wire.id),
        replayId: wire.replayId,
        hops: wire.hops > 0 ? wire.hops : null,
        line: wire.line,
        bodyExact: true,
      },
      {},
      message.headers.findLastIndex(({ name }) => name === wireHeader),
    )
  },
}

/** The codec reads a name that is not there as empty. */
function said(name: string | undefined): string | null {
  return name === undefined || name === '' ? null : name
}
