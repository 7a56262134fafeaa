/** What happened since the worker was made. */
export interface Counters {
  handled: number
  retried: number
  died: number
  discarded: number
  /** Acknowledged without a call, since they had been handled before. */
  skipped: number
  /** Parked behind an unresolved letter of their key. */
  held: number
  /** Not held for want of room: the order of their keys is not kept. */
  passed: number
  /** Messages that a lost process had in its hands. */
  crashed: number
  /** Answers of handlers after their timeout. */
  lateResults: number
  /** Messages given back without a result: shutdown, lost partitions. */
  released: number
}

export interface WorkerHealth {
  readonly state: 'new' | 'starting' | 'running' | 'paused' | 'stopping' | 'stopped'
  /** Why nothing is taken in; `null` unless `paused`. */
  readonly pausedReason: string | null
  /** Handlers that run now. */
  readonly running: number
  /** Taken in and waiting for room to run. */
  readonly queued: number
  /** Read ahead from lanes and not due yet. */
  readonly waitingInLanes: number
  readonly lateResults: number
  readonly counters: Readonly<Counters>
}

export function counters(): Counters {
  return {
    handled: 0,
    retried: 0,
    died: 0,
    discarded: 0,
    skipped: 0,
    held: 0,
    passed: 0,
    crashed: 0,
    lateResults: 0,
    released: 0,
  }
}
