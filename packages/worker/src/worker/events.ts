import type { DeathReason, FailureClass, FailureDescription, Tier } from '../failure.ts'

/** What a worker tells while it works. Payloads never hold bodies, keys or headers. */
export interface WorkerEvents {
  readonly handled: { readonly letterId: string; readonly attempt: number; readonly replayId: string | null }
  /** It had been handled before, so it was acknowledged without a call: the option `processed`. */
  readonly skipped: { readonly letterId: string; readonly replayId: string | null }
  /** The next attempt is confirmed in its lane. */
  readonly retried: {
    readonly letterId: string
    readonly attempt: number
    readonly delayMs: number
    readonly class: FailureClass
    readonly failure: FailureDescription
  }
  /** The letter is confirmed in the dead-letter place. */
  readonly died: {
    readonly letterId: string
    readonly attempts: number
    readonly tier: Tier
    readonly reason: DeathReason
    readonly failure: FailureDescription | null
  }
  /** It stands behind an unresolved letter of its key, confirmed in the dead-letter place: the option `hold`. */
  readonly held: { readonly letterId: string; readonly behind: string | null }
  /** There was no room to hold it, so that the order of its key is not kept: `hold.overflow: 'pass'`. */
  readonly passed: { readonly letterId: string; readonly why: 'line-full' | 'keys-full' }
  /** The office said that this letter is resolved without a replay; its key goes on. */
  readonly released: { readonly letterId: string }
  readonly discarded: { readonly letterId: string; readonly attempt: number; readonly reason: string }
  /** A process was lost while it held this message; it will be run alone, or is about to die. */
  readonly crashed: { readonly letterId: string; readonly crashes: number }
  /** A handler came back after its timeout; what it did was not counted. */
  readonly late: { readonly letterId: string; readonly attempt: number; readonly result: 'handled' | 'failed' }
  /** Nothing is taken in until `resumed`: something that must not be lost cannot be sent, or `hold` has no room. */
  readonly paused: { readonly reason: string }
  readonly resumed: { readonly pausedMs: number }
  /** Something went wrong that the worker gets over, or that a person should know. */
  readonly trouble: { readonly message: string; readonly place: string | null; readonly cause?: unknown }
}

export type WorkerEvent = keyof WorkerEvents
/** May be async; what it throws or rejects with is dropped. */
export type Listener<Event extends WorkerEvent> = (payload: WorkerEvents[Event]) => unknown

export interface Emitter {
  /** Adds a listener; the answer takes it away. */
  on<Event extends WorkerEvent>(event: Event, listener: Listener<Event>): () => void
  /** Calls `payload` only if somebody listens. */
  emit<Event extends WorkerEvent>(event: Event, payload: () => WorkerEvents[Event]): void
}

export function emitter(): Emitter {
  const listeners = new Map<WorkerEvent, Set<(payload: never) => unknown>>()
  return {
    on(event, listener) {
      const set = listeners.get(event) ?? new Set()
      listeners.set(event, set.add(listener))
      return () => set.delete(listener)
    },
    emit(event, payload) {
      const set = listeners.get(event)
      if (set === undefined || set.size === 0) return
      const value = payload()
      for (const listener of [...set]) call(listener as Listener<typeof event>, value)
    },
  }
}

/** A listener is somebody else's code: neither what it throws nor what it rejects with may reach the worker. */
function call<T>(listener: (value: T) => unknown, value: T): void {
  try {
    const answer = listener(value)
    if (answer instanceof Promise) answer.catch(() => undefined)
  } catch {
    // Nobody to tell: telling is what failed.
  }
}
