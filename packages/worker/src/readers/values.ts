import { cutEnd } from '../cut-text.ts'

/** Longest facts in UTF-16 units; names are topics, queues, groups, classes. */
export const caps = { name: 512, errorClass: 200, message: 4000, stackBytes: 65_536 } as const

/** What may be decoded of a value before it is capped: UTF-8 takes at most three bytes per UTF-16 unit. */
const bytesPerUnit = 3
const maxTimeMs = 8.64e15

/** Text of a header value, capped and without characters that stores refuse; `null` for none and for empty. */
export function nameOf(value: Uint8Array | null): string | null {
  const text = textOf(value, caps.name)
  return text === '' ? null : text
}

/** As `nameOf`, but the empty text counts. */
export function textOf(value: Uint8Array | null, maxLength: number): string | null {
  if (value === null) return null
  return cutEnd(utf8(value.subarray(0, maxLength * bytesPerUnit + bytesPerUnit)), maxLength)
}

/** A four-byte big-endian integer >= 0, as Java's `ByteBuffer.putInt` writes it. */
export function int32Of(value: Uint8Array | null): number | null {
  if (value === null || value.byteLength !== 4) return null
  const number = Number(bigEndian(value))
  return number <= 0x7fffffff ? number : null
}

/** An eight-byte big-endian integer >= 0, as Java's `ByteBuffer.putLong` writes it. */
export function int64Of(value: Uint8Array | null): bigint | null {
  if (value === null || value.byteLength !== 8) return null
  const number = bigEndian(value)
  return number <= 0x7fffffffffffffffn ? number : null
}

/** A big-endian integer >= 0 of one to eight bytes, as Java's `BigInteger.toByteArray` writes it. */
export function integerOf(value: Uint8Array | null): bigint | null {
  if (value === null || value.byteLength < 1 || value.byteLength > 8) return null
  return (value[0] ?? 0) < 0x80 ? bigEndian(value) : null
}

/** Digits only, at most 19 of them. */
export function decimalOf(value: Uint8Array | null): string | null {
  if (value === null || value.byteLength < 1 || value.byteLength > 19) return null
  for (const byte of value) if (byte < 0x30 || byte > 0x39) return null
  return utf8(value)
}

/** Epoch milliseconds that a `Date` can hold, zero excluded: nothing died or was sent in 1970, but unset fields are zero. */
export function timeMsOf(value: bigint | number | null | undefined): number | null {
  if (value === null || value === undefined) return null
  const number = Number(value)
  return Number.isFinite(number) && number > 0 && number <= maxTimeMs ? Math.trunc(number) : null
}

/** A W3C `traceparent`, the only trace context that is the same in all systems. */
export function traceparentOf(value: Uint8Array | null): string | null {
  if (value === null || value.byteLength !== 55) return null
  const text = utf8(value)
  return /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(text) ? text : null
}

/** UTF-8 with replacement characters. */
export function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

function bigEndian(bytes: Uint8Array): bigint {
  let high = 0
  let low = 0
  const { length } = bytes
  for (let at = 0; at < length; at += 1) {
    if (at < length - 4) high = high * 256 + (bytes[at] ?? 0)
    else low = low * 256 + (bytes[at] ?? 0)
  }
  return high === 0 ? BigInt(low) : (BigInt(high) << 32n) | BigInt(low)
}
