import { hash } from 'node:crypto'
import {
  budgetFor,
  type Capabilities,
  encodeWire,
  freshWire,
  type Message,
  type SendResult,
  stackHeader,
  type Wire,
  wireHeader,
} from '@redrive/worker'
import type { Claimed, ClaimedLetter } from './claimed.ts'
import { possibleDuplicateHeader } from './possible-duplicates.ts'

/**
 * The message that is sent: the letter's own bytes and headers, without what described its failure, with the replay id that
 * receipts and returns name. Or why it must not be sent: one letter's trouble is never that of its batch.
 */
export function outgoingOf(
  claimed: Claimed,
  capabilities: Pick<Capabilities, 'maxBytes' | 'maxHeaderBytes'>,
): Message | Extract<SendResult, { readonly kind: 'not-sent' }> {
  const { letter } = claimed
  if (letter === null) return refused('its bytes are gone or broken')
  const bodySha256 = hash('sha256', letter.body ?? nothing, 'buffer')
  if (!bodySha256.equals(claimed.bodySha256)) return refused('its body is not the one that the plan holds')
  try {
    return messageOf(claimed, letter, capabilities)
  } catch (error) {
    return refused(`it cannot be put together: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function messageOf(
  claimed: Claimed,
  letter: ClaimedLetter,
  capabilities: Pick<Capabilities, 'maxBytes' | 'maxHeaderBytes'>,
): Message {
  const dropped = new Set([...letter.failureHeaders, wireHeader, stackHeader])
  if (letter.mayBeDuplicate) dropped.add(possibleDuplicateHeader)
  const own = letter.headers.filter(({ name }) => !dropped.has(name))
  if (letter.mayBeDuplicate) own.push({ name: possibleDuplicateHeader, value: one })
  const message: Message = {
    key: letter.key,
    body: letter.body,
    headers: own,
    ...propertiesOf(letter.properties),
    ...(letter.timestampMs === null ? {} : { timestampMs: letter.timestampMs }),
  }
  return {
    ...message,
    headers: [...own, ...encodeWire(wireOf(claimed, letter), null, budgetFor(capabilities, message))],
  }
}

const nothing = new Uint8Array(0)
const one = new TextEncoder().encode('1')

function refused(reason: string): Extract<SendResult, { readonly kind: 'not-sent' }> {
  return { kind: 'not-sent', reason, retryable: false }
}

function wireOf({ attemptId, letterId, place }: Claimed, letter: ClaimedLetter): Wire {
  return freshWire({
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
    traceparent: letter.traceparent,
    hops: letter.hops,
    replayId: attemptId,
    line: letter.line,
  })
}

function propertiesOf(bytes: Buffer | null): Pick<Message, 'properties'> {
  if (bytes === null) return {}
  const parsed: unknown = JSON.parse(bytes.toString('utf8'))
  return typeof parsed === 'object' && parsed !== null ? { properties: parsed as Record<string, unknown> } : {}
}
