import { encodeWire, type Message, type Wire } from '@redrive/worker'

/** A letter as our worker writes it; `n` makes it another one. */
export function ourLetter(
  n: number,
  changes: Partial<Wire> & { readonly stack?: string | null; readonly body?: Buffer } = {},
): Message {
  const { stack = stackOf(n), body = Buffer.from(JSON.stringify({ order: n })), ...rest } = changes
  const wire: Wire = {
    id: `wire-${n}`,
    origin: {
      system: 'memory',
      place: 'orders',
      consumer: 'reefer',
      partition: null,
      position: null,
      nativeId: null,
      timestampMs: null,
    },
    attempts: 5,
    maxAttempts: 5,
    firstFailedAtMs: Date.now() - 60_000,
    lastFailedAtMs: Date.now(),
    failure: { errorClass: 'InventoryError', rootClass: 'InventoryError', message: `no slot for order ${n}` },
    tier: 'transient',
    reason: 'attempts',
    worker: { service: 'reefer', release: '1.0.0', host: 'host-1' },
    traceparent: null,
    hops: 1,
    crashes: 0,
    replayId: null,
    dueAtMs: null,
    history: [],
    line: null,
    notice: null,
    ...rest,
  }
  return {
    key: Buffer.from(`key-${n}`),
    body,
    headers: encodeWire(wire, stack, { headerBytes: 4096, stackBytes: 32_768 }),
  }
}

/** A message nobody says anything about. */
export function foreignLetter(body: string): Message {
  return { key: null, body: Buffer.from(body), headers: [{ name: 'app', value: Buffer.from('legacy') }] }
}

function stackOf(n: number): string {
  return `InventoryError: no slot for order ${n}\n    at reserve (/app/src/reserve.ts:10:5)\n    at handle (/app/src/handler.ts:20:9)`
}
