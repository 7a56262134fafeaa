import type { DeathReason, FailureDescription, Tier } from './failure.ts'

/**
 * What Redrive writes onto a message that waits in a lane or died: the header `redrive`, compact UTF-8 JSON. Contents are never
 * trusted on read. `origin` and `id` are set once and never change; everything else is replaced, never appended.
 */
export interface Wire {
  /** Identity of the message over its whole life, retries, death and replays included. */
  readonly id: string
  readonly origin: Origin
  /** Calls that were made, counting from 1; 0 before the first. Starts anew with each replay. */
  readonly attempts: number
  readonly maxAttempts: number | null
  readonly firstFailedAtMs: number | null
  readonly lastFailedAtMs: number | null
  readonly failure: Omit<FailureDescription, 'stack'> | null
  /** Set at death. */
  readonly tier: Tier | null
  readonly reason: DeathReason | null
  readonly worker: WorkerIdentity | null
  readonly traceparent: string | null
  /** How often the message died. */
  readonly hops: number
  /** How often a worker process was lost while it held the message. */
  readonly crashes: number
  /** Set by the office on a replay: the attempt a receipt has to name. */
  readonly replayId: string | null
  /** Set by the office on a replay to a place that was chosen: `origin` is that place, and whoever reads it there takes it for theirs. */
  readonly redirected?: true
  /** In a lane: not to be handled before this time. In the suspects lane of a log: how long a run may take that has begun; 0: it has ended. */
  readonly dueAtMs: number | null
  /** The last distinct errors, newest first, at most 5. */
  readonly history: readonly { readonly errorClass: string; readonly message: string; readonly count: number }[]
  /** Set where the worker keeps the order of keys after death: where the letter stands in the line of its key. */
  readonly line: LinePlace | null
  /** Not a message but word from the office, in a lane. `release`: the letter of this id is resolved, take it out of its line. */
  readonly notice: 'release' | null
}

/** A place in the line of a key. */
export interface LinePlace {
  /** Names the line: a digest of the key, 22 characters. */
  readonly key: string
  /** Orders the line. Grows; says nothing else. */
  readonly at: number
  /** Identity of the letter that it was held behind; `null` for one that died, and where there was no room. */
  readonly behind: string | null
}

/** The wire of a message that was not called yet: nothing has failed. */
export function freshWire(known: Pick<Wire, 'id' | 'origin'> & Partial<Wire>): Wire {
  return {
    attempts: 0,
    maxAttempts: null,
    firstFailedAtMs: null,
    lastFailedAtMs: null,
    failure: null,
    tier: null,
    reason: null,
    worker: null,
    traceparent: null,
    hops: 0,
    crashes: 0,
    replayId: null,
    dueAtMs: null,
    history: [],
    line: null,
    notice: null,
    ...known,
  }
}

/** Where the message first came from and whose failure this is. */
export interface Origin {
  readonly system: string
  readonly place: string
  /** Consumer group or its like that failed. */
  readonly consumer: string
  readonly partition: string | null
  readonly position: string | null
  readonly nativeId: string | null
  readonly timestampMs: number | null
}

export interface WorkerIdentity {
  readonly service: string
  readonly release: string | null
  readonly host: string | null
}

/** Name of the header that holds the wire. */
export const wireHeader = 'redrive'
/** Name of the optional header that holds the stack. */
export const stackHeader = 'redrive-stack'
