/** What is sent: the number says which one it is, the kind how its handler ends. */
export interface TortureMessage {
  readonly n: number
  /**
   * `ok`: handled. `flaky`: fails once, then handled. `dead`: dies at once, handled when replayed. `stubborn`: dies, dies again at its first
   * replay, handled at the next.
   */
  readonly kind: 'ok' | 'flaky' | 'dead' | 'stubborn'
}

export function kindOf(random: number): TortureMessage['kind'] {
  if (random < 0.45) return 'ok'
  if (random < 0.6) return 'flaky'
  return random < 0.95 ? 'dead' : 'stubborn'
}

/** A line of the sink: one handler that was about to succeed. Written before the success is told, and kept by the file system when the process is killed. */
export interface SinkLine {
  readonly n: number
  readonly letterId: string
  readonly replayId: string | null
}
