import { uuidTimeMs } from './uuid.ts'

const maxTimestampMs = Date.UTC(9999, 0, 1)
/** A failure's own clock is believed from the year 2000 to a little ahead of ours. */
const earliestMs = Date.UTC(2000, 0, 1)
const aheadMs = 300_000

/**
 * When a letter died, epoch milliseconds: as its worker says, else its message, else when it was captured. Of what is stored alone, so that a
 * letter that moves to another cause is taken from the hour it was counted in.
 */
export function diedAtMs(letter: {
  /** UUID: when it was captured is in it. */
  readonly id: string
  readonly lastFailedAtMs: number | null | undefined
  readonly timestampMs: number | null | undefined
}): number {
  const { lastFailedAtMs, timestampMs } = letter
  const capturedMs = uuidTimeMs(letter.id)
  // As the columns keep them.
  const failed =
    typeof lastFailedAtMs === 'number' && lastFailedAtMs >= 0 && lastFailedAtMs < maxTimestampMs
      ? Math.round(lastFailedAtMs)
      : null
  const said = failed ?? (Number.isSafeInteger(timestampMs) ? Number(timestampMs) : capturedMs)
  return said >= earliestMs && said <= capturedMs + aheadMs ? said : capturedMs
}

const hourMs = 3_600_000
export const hourOfMs = (ms: number): number => Math.floor(ms / hourMs) * hourMs
