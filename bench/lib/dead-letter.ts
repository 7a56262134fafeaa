import { encodeWire, type Message, type Tier } from '@redrive/worker'

export const consumer = 'reefer'

/** A letter as our worker writes it; its cause is its class of error. */
export function deadLetter(letter: {
  readonly queue: string
  readonly error: string
  /** Tells letters apart. */
  readonly number: number
  /** Epoch milliseconds */
  readonly diedMs: number
  /** @default 'memory' */
  readonly system?: string
  /** @default 'transient' */
  readonly tier?: Tier
  /** @default '1.0.0' */
  readonly release?: string
}): Message {
  const { queue, error, number, diedMs, system = 'memory', tier = 'transient', release = '1.0.0' } = letter
  const origin = { system, place: queue, consumer, partition: '0', position: null, nativeId: null, timestampMs: null }
  const wire: Parameters<typeof encodeWire>[0] = {
    id: `bench-${number}`,
    origin,
    attempts: 5,
    maxAttempts: 5,
    firstFailedAtMs: diedMs - 1_000,
    lastFailedAtMs: diedMs,
    failure: { errorClass: error, rootClass: error, message: `${error} of order ${number}` },
    tier,
    reason: 'attempts',
    worker: { service: consumer, release, host: 'web-1' },
    traceparent: null,
    hops: 1,
    crashes: 0,
    replayId: null,
    dueAtMs: null,
    history: [],
    line: null,
    notice: null,
  }
  return {
    key: Buffer.from(`order-${number}`),
    body: Buffer.from(JSON.stringify({ order: number })),
    headers: encodeWire(wire, null, { headerBytes: 4_096, stackBytes: 32_768 }),
  }
}
