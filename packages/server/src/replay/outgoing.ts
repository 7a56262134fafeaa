import { budgetFor, type Capabilities, encodeWire, type Header, type Message, stackHeader, type Wire, wireHeader } from '@redrive/worker'
import type { Claimed } from './claim.ts'

/**
 * The message that is sent: the letter's own bytes and headers, without what described its failure, with the replay id that
 * receipts and returns name.
 */
export function outgoingOf(claimed: Claimed, capabilities: Pick<Capabilities, 'maxBytes' | 'maxHeaderBytes'>): Message {
  const { letter } = claimed
  const dropped = new Set([...letter.failureHeaders, wireHeader, stackHeader])
  const own = letter.headers.filter(({ name }) => !dropped.has(name))
  const message: Message = {
    key: letter.key,
    body: letter.body,
    headers: own,
    ...propertiesOf(letter.properties),
    ...(letter.timestampMs === null ? {} : { timestampMs: letter.timestampMs }),
  }
  const wire: readonly Header[] = encodeWire(wireOf(claimed), null, budgetFor(capabilities, message))
  return { ...message, headers: [...own, ...wire] }
}

function wireOf({ letter, attemptId, letterId, place }: Claimed): Wire {
  return {
    id: letter.wireId ?? letterId,
    origin: {
      system: letter.originSystem ?? 'unknown',
      place: letter.originPlace ?? place,
      consumer: letter.consumer ?? '',
      partition: letter.originPartition,
      position: letter.originPosition,
      nativeId: null,
      timestampMs: letter.timestampMs,
    },
    attempts: 0,
    maxAttempts: null,
    firstFailedAtMs: null,
    lastFailedAtMs: null,
    failure: null,
    tier: null,
    reason: null,
    worker: null,
    traceparent: letter.traceparent,
    hops: letter.hops,
    crashes: 0,
    replayId: attemptId,
    dueAtMs: null,
    history: [],
  }
}

function propertiesOf(bytes: Buffer | null): Pick<Message, 'properties'> {
  if (bytes === null) return {}
  const parsed: unknown = JSON.parse(bytes.toString('utf8'))
  return typeof parsed === 'object' && parsed !== null ? { properties: parsed as Record<string, unknown> } : {}
}
