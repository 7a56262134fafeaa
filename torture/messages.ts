import { createHash } from 'node:crypto'

/** What is sent: the number says which one it is, the kind how its handler ends. */
export interface TortureMessage {
  readonly n: number
  /**
   * `ok`: handled. `flaky`: fails once, then handled. `dead`: dies at once, handled when replayed. `stubborn`: dies, and dies again at half
   * of its replays.
   */
  readonly kind: 'ok' | 'flaky' | 'dead' | 'stubborn'
}

export function kindOf(random: number): TortureMessage['kind'] {
  if (random < 0.45) return 'ok'
  if (random < 0.6) return 'flaky'
  return random < 0.95 ? 'dead' : 'stubborn'
}

/** JSON that is another text once it was parsed and written again. */
export function bodyOf({ n, kind }: TortureMessage): Buffer {
  return Buffer.from(`{ "n": ${n}, "kind": "${kind}", "exact": 1.0, "large": 9007199254740993, "n2": 1e2 }`)
}

/** A line of the sink: one handler that was about to succeed. Written before the success is told, and kept by the file system when the process is killed. */
export interface SinkLine {
  readonly n: number
  readonly letterId: string
  readonly replayId: string | null
  readonly atMs: number
  readonly bodySha256: string
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Half of the replays, by their id, so that the same replay ends the same way however often it is handled. */
export function failsAgain(replayId: string | null): boolean {
  return replayId !== null && (createHash('sha256').update(replayId).digest()[0] ?? 0) < 128
}
