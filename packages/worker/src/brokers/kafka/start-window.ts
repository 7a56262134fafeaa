const minWindow = 16
const maxWindow = 8192
const fastMs = 100
const slowMs = 1000

/** How far ahead of what was handed out start marks are written: it follows the pace of the consumer. */
export interface StartWindow {
  readonly size: bigint
  readonly atMs: number
}

export const firstStartWindow: StartWindow = { size: 64n, atMs: Number.NEGATIVE_INFINITY }

/**
 * The window of the next mark. Used up fast, it doubles, so that marks cost no throughput; used up slowly, it halves, so that
 * an unclean end leaves few records under suspicion that were never handed out.
 */
export function nextStartWindow(before: StartWindow, nowMs: number): StartWindow {
  const tookMs = nowMs - before.atMs
  const size = Number(before.size)
  const next = tookMs < fastMs ? size * 2 : tookMs > slowMs ? size / 2 : size
  return { size: BigInt(Math.min(maxWindow, Math.max(minWindow, next))), atMs: nowMs }
}
