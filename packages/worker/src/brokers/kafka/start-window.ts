const minWindow = 16
const maxWindow = 8192
const fastMs = 100
const slowMs = 1000
const mostGrowth = 8

/** How far ahead of what was handed out start marks are written: it follows the pace of the consumer. */
export interface StartWindow {
  readonly size: bigint
  /** When it was last taken; `null`: not yet. */
  readonly atMs: number | null
}

export const firstStartWindow: StartWindow = { size: 64n, atMs: null }

/**
 * The window of the next mark. Used up fast, it grows to what lasts 100 ms at that pace, twofold to eightfold, so that marks cost no
 * throughput; used up slowly, it halves, so that an unclean end leaves few records under suspicion that were never handed out.
 */
export function nextStartWindow({ size, atMs }: StartWindow, nowMs: number): StartWindow {
  if (atMs === null) return { size, atMs: nowMs }
  const tookMs = Math.max(1, nowMs - atMs)
  const growth = tookMs > slowMs ? 0.5 : tookMs >= fastMs ? 1 : Math.min(mostGrowth, Math.max(2, fastMs / tookMs))
  const next = Math.min(maxWindow, Math.max(minWindow, Math.floor(Number(size) * growth)))
  return { size: BigInt(next), atMs: nowMs }
}
