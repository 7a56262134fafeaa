import type { Receipt } from '@redrive/worker'
import { uuidBytes } from '../store/uuid.ts'

const maxReceiptBytes = 64 * 1024
const maxNameLength = 255

/** The receipt in a message's body; `null` for anything a worker would not have written. */
export function parseReceipt(body: Uint8Array | null): Receipt | null {
  if (body === null || body.length > maxReceiptBytes) return null
  const parsed = parseJson(body)
  if (!isRecord(parsed)) return null
  const { replayId, letterId, result, attempts, atMs, worker } = parsed
  if (typeof replayId !== 'string' || uuidBytes(replayId) === null) return null
  if (result !== 'handled' && result !== 'discarded' && result !== 'failed') return null
  if (typeof attempts !== 'number' || !Number.isInteger(attempts) || attempts < 0 || attempts > 0x7fff_ffff) return null
  if (typeof atMs !== 'number' || !(atMs >= 0 && atMs < Date.UTC(9999, 0, 1))) return null
  const identity = isRecord(worker) ? worker : {}
  return {
    replayId: replayId.toLowerCase(),
    letterId: text(letterId) ?? '',
    result,
    attempts,
    atMs,
    worker: {
      service: text(identity['service']) ?? '',
      release: text(identity['release']),
      host: text(identity['host']),
    },
  }
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
  } catch {
    return null
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value.slice(0, maxNameLength) : null
}
