/** What a peer is given. */
export interface Input {
  readonly brokers: string
  readonly topic: string
  readonly partitions: number
  /** Read before the clock starts: what a process compiles, it has compiled by then. 0: timed from the first one. */
  readonly warmUp: number
  /** Timed. */
  readonly records: number
  readonly group: string
}

export interface OursInput extends Input {
  readonly concurrency: number
}

export interface Answer {
  readonly rowsPerSecond: number
  /** Of the whole process, the garbage collector's threads included. */
  readonly cpuMicrosPerRow: number
  /** Of all bodies, those of the warm-up too. */
  readonly bytes: number
}

export interface FailingInput extends OursInput {
  /** Of so many messages one fails once. */
  readonly failEvery: number
  /** Retries are due between these. */
  readonly delayMs: readonly [number, number]
}

export interface FailingAnswer extends Answer {
  readonly retries: number
  /** Retries of messages that had been retried before: at least once is not once. */
  readonly again: number
  readonly latenessMs: { readonly p50: number; readonly p99: number; readonly most: number }
  /** Most retries that waited at a time. */
  readonly waiting: number
}
