import { randomFillSync } from 'node:crypto'

/** Makes 16-byte UUIDs of version 7, each greater than the one before it, even when the clock stands still or goes back. */
export type UuidSource = () => Buffer

/**
 * One generator per process keeps the order of capture in the ids.
 * @see https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7 (method 1: a 12-bit counter after the milliseconds)
 */
export function uuidSource(now: () => number): UuidSource {
  const random = Buffer.alloc(8 * 512)
  let used = random.length
  let lastMs = 0
  let counter = 0
  return () => {
    const nowMs = now()
    if (nowMs > lastMs) {
      lastMs = nowMs
      counter = 0
    } else if (++counter > 0xfff) {
      lastMs++
      counter = 0
    }
    if (used === random.length) {
      randomFillSync(random)
      used = 0
    }
    const id = Buffer.allocUnsafe(16)
    id.writeUIntBE(lastMs, 0, 6)
    id.writeUInt16BE(0x7000 | counter, 6)
    random.copy(id, 8, used, used + 8)
    id[8] = 0x80 | ((id[8] ?? 0) & 0x3f)
    used += 8
    return id
  }
}

/** The smallest version 7 UUID of a millisecond: letters captured at or after it have greater or equal ids. */
export function firstUuidAt(ms: number): string {
  const hex = Math.floor(ms).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}

/** Epoch milliseconds a version 7 UUID was made at. */
export function uuidTimeMs(uuid: string): number {
  return Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16)
}

export function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** The 16 bytes of a UUID in its usual form; `null` for any other text. */
export function uuidBytes(text: string): Buffer | null {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text)) return null
  return Buffer.from(text.replaceAll('-', ''), 'hex')
}
