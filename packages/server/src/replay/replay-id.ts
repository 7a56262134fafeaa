import { randomFillSync } from 'node:crypto'
import { uuidBytes, uuidText } from '../store/uuid.ts'

/**
 * A replay's id is that of its run with the ordinal of its letter in the last four bytes, so that evidence finds its intent without an index
 * of all replays. 90 bits of it are random: who saw one knows the others of that run, none of another.
 */
export function newRunId(): string {
  const id = randomFillSync(Buffer.alloc(16), 0, 12)
  id[6] = 0x40 | ((id[6] ?? 0) & 0x0f)
  id[8] = 0x80 | ((id[8] ?? 0) & 0x3f)
  return uuidText(id)
}

/** As `replay_id` of the database. @param ordinal 0 to 2^31 - 1 */
export function replayIdOf(runId: string, ordinal: number): string {
  return runId.slice(0, -8) + ordinal.toString(16).padStart(8, '0')
}

/** `null` for what cannot be one of ours. */
export function parseReplayId(text: string): { readonly runId: string; readonly ordinal: number } | null {
  const bytes = uuidBytes(text)
  if (bytes === null) return null
  const ordinal = bytes.readUInt32BE(12)
  if (ordinal > 0x7fffffff) return null
  return { runId: `${text.slice(0, -8).toLowerCase()}00000000`, ordinal }
}
