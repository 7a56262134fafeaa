import { hash } from 'node:crypto'
import {
  type Broker,
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
import type { Claimed, ClaimedLetter, Put } from './claimed.ts'
import { possibleDuplicateHeader } from './possible-duplicates.ts'

type SendingBroker = Pick<Broker, 'system'> & {
  readonly capabilities: Pick<Capabilities, 'maxBytes' | 'maxHeaderBytes'>
}

/**
 * The message that is sent: the letter's own bytes and headers, without what described its failure, with the replay id that
 * receipts and returns name. Or why it must not be sent: one letter's trouble is never that of its batch.
 */
export function outgoingOf(claimed: Claimed, broker: SendingBroker): Put {
  const { letter } = claimed
  if (letter === null) return refused('its bytes are gone or broken')
  // As text, which the runtime makes of a hash in less time than a buffer.
  const bodySha256 = hash('sha256', letter.body ?? nothing, 'hex')
  if (bodySha256 !== claimed.bodySha256.toString('hex')) return refused('its body is not the one that the plan holds')
  try {
    return messageOf(claimed, letter, broker)
  } catch (error) {
    return refused(`it cannot be put together: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function messageOf(claimed: Claimed, letter: ClaimedLetter, broker: SendingBroker): Message {
  const dropped = new Set(letter.failureHeaders)
  const own = letter.headers.filter(
    ({ name }) =>
      name !== wireHeader &&
      name !== stackHeader &&
      !(letter.mayBeDuplicate && name === possibleDuplicateHeader) &&
      !dropped.has(name),
  )
  if (letter.mayBeDuplicate) own.push({ name: possibleDuplicateHeader, value: one })
  const message: Message = {
    key: letter.key,
    body: letter.body,
    headers: own,
    // What one system takes for an instruction means nothing to another, or something else.
    ...(claimed.redirect === 'foreign' ? {} : propertiesOf(letter.properties)),
    ...(letter.timestampMs === null ? {} : { timestampMs: letter.timestampMs }),
  }
  return {
    ...message,
    headers: [...own, ...encodeWire(wireOf(claimed, letter, broker), null, budgetFor(broker.capabilities, message))],
  }
}

const nothing = new Uint8Array(0)
const one = new TextEncoder().encode('1')

function refused(reason: string): Extract<SendResult, { readonly kind: 'not-sent' }> {
  return { kind: 'not-sent', reason, retryable: false }
}

function wireOf(claimed: Claimed, letter: ClaimedLetter, { system }: SendingBroker): Wire {
  const known = {
    id: letter.wireId ?? claimed.letterId,
    traceparent: letter.traceparent,
    hops: letter.hops,
    replayId: claimed.attemptId,
  }
  const { timestampMs } = letter
  if (claimed.redirect !== null) {
    // From there on it is a message of that place: where it came from before is in the books of the office.
    const here = { system, place: claimed.place, consumer: '', partition: null, position: null, nativeId: null }
    return freshWire({ ...known, origin: { ...here, timestampMs }, redirected: true })
  }
  return freshWire({
    ...known,
    origin: {
      system: letter.originSystem ?? 'unknown',
      place: letter.originPlace ?? claimed.place,
      consumer: letter.consumer ?? '',
      partition: letter.originPartition,
      position: letter.originPosition,
      nativeId: null,
      timestampMs,
    },
    line: letter.line,
  })
}

function propertiesOf(bytes: Buffer | null): Pick<Message, 'properties'> {
  if (bytes === null) return {}
  const parsed: unknown = JSON.parse(bytes.toString('utf8'))
  return typeof parsed === 'object' && parsed !== null ? { properties: parsed as Record<string, unknown> } : {}
}
