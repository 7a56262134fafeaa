import type { FailureDescription } from '../failure.ts'
import type { Wire, WorkerIdentity } from '../wire.ts'

const maxHistory = 5

/** The wire after one more failed call. */
export function failingWire(
  wire: Wire,
  failed: {
    readonly failure: FailureDescription
    readonly maxAttempts: number
    readonly nowMs: number
    readonly worker: WorkerIdentity
  },
): Wire {
  const { failure, maxAttempts, nowMs, worker } = failed
  const { errorClass, rootClass, message } = failure
  return {
    ...wire,
    attempts: wire.attempts + 1,
    maxAttempts,
    firstFailedAtMs: wire.firstFailedAtMs ?? nowMs,
    lastFailedAtMs: nowMs,
    failure: { errorClass, rootClass, message },
    worker,
    // A call that ended, however badly, did not take the process down.
    crashes: 0,
    dueAtMs: null,
    history: historyWith(wire.history, { errorClass, message }),
  }
}

function historyWith(
  history: Wire['history'],
  { errorClass, message }: { readonly errorClass: string; readonly message: string },
): Wire['history'] {
  const same = history.find((entry) => entry.errorClass === errorClass && entry.message === message)
  const others = history.filter((entry) => entry !== same)
  return [{ errorClass, message, count: (same?.count ?? 0) + 1 }, ...others].slice(0, maxHistory)
}
