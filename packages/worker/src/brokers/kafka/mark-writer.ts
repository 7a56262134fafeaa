import type { Clock } from '../../clock.ts'
import type { ConsumerDriver, WrittenMarks } from './driver.ts'
import type { PartitionState } from './partition-state.ts'

const intervalMs = 250

/**
 * Writes watermarks at an interval and start marks as soon as they are due, all partitions in one request, one request at a time:
 * acknowledging costs no round trip, and marks written ahead cost no throughput.
 */
export class MarkWriter {
  readonly #driver: Pick<ConsumerDriver, 'commit'>
  readonly #states: () => Iterable<PartitionState>
  readonly #clock: Clock
  readonly #onWritten: () => void
  readonly #onFailed: (error: unknown) => void
  readonly #closed = new AbortController()
  #writing: Promise<void> = Promise.resolve()
  #queued: 'marks' | 'all' | undefined
  #scheduled = false
  #paused = false

  constructor(options: {
    readonly driver: Pick<ConsumerDriver, 'commit'>
    readonly states: () => Iterable<PartitionState>
    readonly clock: Clock
    readonly onWritten: () => void
    readonly onFailed: (error: unknown) => void
  }) {
    this.#driver = options.driver
    this.#states = options.states
    this.#clock = options.clock
    this.#onWritten = options.onWritten
    this.#onFailed = options.onFailed
  }

  /** Something was acknowledged: write within the interval. */
  later(): void {
    if (this.#scheduled || this.#closed.signal.aborted) return
    this.#scheduled = true
    void this.#clock.sleep(intervalMs, this.#closed.signal).then(() => {
      this.#scheduled = false
      this.#enqueue('all')
    })
  }

  /** A start mark is due: write it as soon as the request before is answered. */
  soon(): void {
    this.#enqueue('marks')
  }

  #enqueue(what: 'marks' | 'all'): void {
    if (this.#paused || this.#closed.signal.aborted) return
    const isQueued = this.#queued !== undefined
    if (what === 'all' || !isQueued) this.#queued = what
    if (isQueued) return
    this.#writing = this.#writing.then(async () => {
      const kind = this.#queued ?? what
      this.#queued = undefined
      if (!this.#paused) await this.#write(kind)
    })
  }

  /** Resolves when everything known now is written, or could not be. */
  async flush(): Promise<void> {
    this.#enqueue('all')
    await this.#writing
  }

  /** Stops writing ahead and writes what a clean end leaves; it goes on with `resume`. */
  async settleDown(): Promise<void> {
    this.#paused = true
    this.#writing = this.#writing.then(async () => void (await this.#write('clean')))
    await this.#writing
  }

  /** As `settleDown`, and tries until it succeeds or this is closed. */
  async settleAtLast(): Promise<void> {
    this.#paused = true
    let isWritten = false
    while (!isWritten && !this.#closed.signal.aborted) {
      const writing = this.#writing.then(() => this.#write('clean'))
      this.#writing = writing.then(() => {})
      isWritten = await writing
      if (!isWritten) await this.#clock.sleep(intervalMs, this.#closed.signal)
    }
  }

  resume(): void {
    this.#paused = false
    this.#enqueue('all')
  }

  close(): void {
    this.#closed.abort()
  }

  /** Tells whether nothing is left to write. */
  async #write(kind: 'marks' | 'all' | 'clean'): Promise<boolean> {
    const written = new Map<number, WrittenMarks>()
    const states: PartitionState[] = []
    for (const state of this.#states()) {
      const committed = state.watermark()
      const started = this.#startMark(state, kind)
      const committedChanged = kind !== 'marks' && committed !== state.committed
      const startedChanged = started !== state.started
      if (!committedChanged && !startedChanged) continue
      written.set(state.number, { committed, started, committedChanged, startedChanged })
      states.push(state)
    }
    if (written.size === 0) return true
    try {
      await this.#driver.commit(written)
    } catch (error) {
      if (this.#closed.signal.aborted) return false
      this.#onFailed(error)
      this.later()
      return false
    }
    for (const state of states) {
      const marks = written.get(state.number)
      if (marks === undefined) continue
      if (marks.committedChanged) state.committed = marks.committed
      state.started = marks.started
    }
    this.#onWritten()
    return true
  }

  #startMark(state: PartitionState, kind: 'marks' | 'all' | 'clean'): bigint | null {
    if (state.started === null) return null
    return kind === 'clean' ? state.cleanStartMark() : (state.nextStartMark(this.#clock.monotonic()) ?? state.started)
  }
}
