import { effectResultUnusable } from './effect-errors.ts'

/** Bytes of a result as JSON in UTF-8. Results are to be remembered, not to be kept: an id of the charge, not its receipt. */
export const maxResultBytes: number = 8 * 1024

/** A result as it is recorded; where it cannot be, what is recorded is why. */
export function writeResult(value: unknown): string {
  let json: string | undefined
  try {
    json = JSON.stringify(value)
  } catch {
    return lost('it is no JSON')
  }
  if (value === undefined) return '[]'
  if (json === undefined) return lost('it is no JSON')
  const bytes = Buffer.byteLength(json)
  return bytes > maxResultBytes ? lost(`it has ${bytes} bytes, and ${maxResultBytes} are kept`) : `[${json}]`
}

/**
 * The result as every attempt gets it, the first one too.
 * @throws EFFECT_RESULT_UNUSABLE
 */
export function readResult(recorded: string): unknown {
  const read = parsed(recorded)
  if (Array.isArray(read)) return read[0]
  const why = typeof read === 'object' && read !== null && 'lost' in read ? String(read.lost) : 'the record is damaged'
  throw effectResultUnusable(why)
}

function parsed(recorded: string): unknown {
  try {
    return JSON.parse(recorded)
  } catch {
    return null
  }
}

function lost(why: string): string {
  return JSON.stringify({ lost: why })
}
