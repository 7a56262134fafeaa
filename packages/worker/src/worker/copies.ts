import type { Capabilities, Outgoing } from '../broker.ts'
import type { Header, Message } from '../message.ts'
import type { Wire } from '../wire.ts'
import { budgetFor, encodeWire, type WireBudget } from '../wire-codec.ts'

const tight: WireBudget = { headerBytes: 1_024, stackBytes: 0 }
const minimal: WireBudget = { headerBytes: 0, stackBytes: 0 }

/**
 * The forms of a copy that keeps everything of the message, largest first: as much of our own words as the broker's limits leave,
 * then fewer, then the least that a message can be known by.
 */
export function copies(
  message: Message,
  wire: Wire,
  options: { readonly capabilities: Capabilities; readonly stack?: string | null },
): readonly (() => Message)[] {
  const { capabilities, stack = null } = options
  return [budgetFor(capabilities, message), tight, minimal].map(
    (budget) => () => withHeaders(message, [...message.headers, ...encodeWire(wire, stack, budget)]),
  )
}

/**
 * A dead letter must always be writable: after the forms of a copy come one without the message's own headers, and at last the bare
 * key and body, which a place with the same limits has carried before.
 */
export function letters(
  message: Message,
  wire: Wire,
  options: { readonly capabilities: Capabilities; readonly stack: string | null; readonly onStripped: () => void },
): readonly (() => Outgoing)[] {
  const stripped = (headers: readonly Header[]): Outgoing => {
    options.onStripped()
    return { message: withHeaders(message, headers) }
  }
  return [
    ...copies(message, wire, options).map((copy) => () => ({ message: copy() })),
    () => stripped(encodeWire(wire, null, minimal)),
    () => stripped([]),
  ]
}

/** Without its timestamp: a place that deletes by age must not take a fresh copy for an old one; the wire's origin keeps it. */
function withHeaders({ timestampMs: _, ...message }: Message, headers: readonly Header[]): Message {
  return { ...message, headers }
}
