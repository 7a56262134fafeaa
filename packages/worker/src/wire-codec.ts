import { cutMiddle } from './cut-text.ts'
import { type Header, type Message, messageBytes } from './message.ts'
import { stackHeader, type Wire, wireHeader } from './wire.ts'
import { minimalWireBytes } from './wire-compact.ts'
import { readWire } from './wire-read.ts'
import { writeWire } from './wire-write.ts'

/** What the two headers may take, in bytes of their values. */
export interface WireBudget {
  /** For `redrive`. Below 300 the minimal wire is written all the same, which never takes more than 300. */
  readonly headerBytes: number
  /** For `redrive-stack`; 0 leaves it out. */
  readonly stackBytes: number
}

/** What a carrier without tight limits gets: 4 KiB and 32 KiB. */
export const defaultWireBudget: WireBudget = { headerBytes: 4096, stackBytes: 32_768 }

/** Names of both headers and a carrier's framing of two headers and one message. */
const framingBytes = wireHeader.length + stackHeader.length + 108
const smallestStackBytes = 256
const maxReadBytes = 65_536

/**
 * The headers that hold a wire: `redrive`, and `redrive-stack` where there is a stack and room for it. Never fails: what does
 * not fit the budget goes in the order stack, history, message, class text, details; identity and counters always stay.
 * Appending them to `stripWire(headers)` replaces an older wire.
 */
export function encodeWire(wire: Wire, stack: string | null, budget: WireBudget): Header[] {
  const headers: Header[] = [{ name: wireHeader, value: Buffer.from(writeWire(wire, budget.headerBytes)) }]
  if (stack === null || budget.stackBytes < 1) return headers
  const text = cutMiddle(stack, budget.stackBytes)
  if (text !== '') headers.push({ name: stackHeader, value: Buffer.from(text) })
  return headers
}

/**
 * The wire a message carries, or `null` where it carries none. Trusts nothing: a field of the wrong type or out of range reads as
 * null (counters as 0, names as empty), text is capped and cleaned, later versions are read as far as they are understood.
 * Of several `redrive` headers the last one counts. Never throws.
 */
export function decodeWire(headers: readonly Header[]): { readonly wire: Wire; readonly stack: string | null } | null {
  const value = lastValue(headers, wireHeader)
  if (value === null || value.byteLength > maxReadBytes) return null
  const wire = readWire(decodeText(value))
  if (wire === null) return null
  const stackValue = lastValue(headers, stackHeader)
  const stack = stackValue === null ? null : cutMiddle(decodeText(stackValue.subarray(0, maxReadBytes)), maxReadBytes)
  return { wire, stack: stack === '' ? null : stack }
}

/** All headers but ours, in their order. */
export function stripWire(headers: readonly Header[]): Header[] {
  return headers.filter(({ name }) => name !== wireHeader && name !== stackHeader)
}

/**
 * What the limits of a broker leave beside the message's own bytes: at most 4 KiB and 32 KiB, at least the 300 bytes of the minimal
 * wire, even where the message alone is at the limit already.
 */
export function budgetFor(
  limits: { readonly maxBytes: number; readonly maxHeaderBytes: number },
  message: Message,
): WireBudget {
  const headers = stripWire(message.headers)
  const headerBytes = messageBytes({ key: null, body: null, headers })
  const freeBytes =
    Math.min(limits.maxBytes - messageBytes({ ...message, headers }), limits.maxHeaderBytes - headerBytes) -
    framingBytes
  const forWire = Math.max(minimalWireBytes, Math.min(defaultWireBudget.headerBytes, freeBytes))
  const forStack = Math.min(defaultWireBudget.stackBytes, freeBytes - forWire)
  return { headerBytes: forWire, stackBytes: forStack < smallestStackBytes ? 0 : forStack }
}

const fromUtf8 = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })

function lastValue(headers: readonly Header[], name: string): Uint8Array | null {
  for (let at = headers.length - 1; at >= 0; at -= 1) {
    const header = headers[at]
    if (header?.name === name) return header.value
  }
  return null
}

function decodeText(bytes: Uint8Array): string {
  return fromUtf8.decode(bytes)
}
