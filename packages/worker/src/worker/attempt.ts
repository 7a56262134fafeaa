import type { Clock } from '../clock.ts'
import type { Message } from '../message.ts'
import type { Origin } from '../wire.ts'
import type { Deadlines } from './deadlines.ts'
import type { Task } from './task.ts'

/** What a handler knows beside the message. */
export interface HandlerContext {
  /** Aborts at the timeout and when the worker has no more time to stop. */
  readonly signal: AbortSignal
  /** This call's number, from 1. */
  readonly attempt: number
  /** The same over all retries, death and replays of a message. */
  readonly letterId: string
  /** Where the message first came from. */
  readonly origin: Origin
  /** Where this delivery came from: the queue or one of its lanes. */
  readonly place: string
  /** Set when the message is replayed. */
  readonly replayId: string | null
  /** W3C trace context that the message carries. */
  readonly traceparent: string | null
  /** Epoch milliseconds; what comes back later does not count. */
  readonly deadline: number
}

/** A value is a `HandlerOutcome` or means handled; a throw is a failure. */
export type Handler = (message: Message, context: HandlerContext) => unknown

export type AttemptResult =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly thrown: unknown }
  | { readonly kind: 'timeout' }
  /** The worker stopped; whatever the handler did, it does not count. */
  | { readonly kind: 'aborted' }

export interface Attempts {
  /** One call of the handler; resolves at the latest at its timeout, never rejects. */
  run(task: Task): Promise<AttemptResult>
  /** Fires the signals of all that run; they count as not done. */
  abortAll(): void
  /** Ends those that ignored their signal. */
  abandonAll(): void
}

interface Running {
  readonly abort: (reason: unknown) => void
  readonly finish: (result: AttemptResult) => void
  aborted: boolean
}

export function attempts(options: {
  readonly handle: Handler
  readonly timeoutMs: number
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly onLate: (task: Task, result: 'handled' | 'failed') => void
}): Attempts {
  const { handle, timeoutMs, clock, deadlines, onLate } = options
  const running = new Set<Running>()

  return {
    run(task) {
      const { promise, resolve } = Promise.withResolvers<AttemptResult>()
      const deadline = clock.now() + timeoutMs
      const context = contextOf(task, deadline)
      let open = true
      const finish = (result: AttemptResult): void => {
        open = false
        running.delete(self)
        unwatch()
        resolve(result)
      }
      const self: Running = { abort: context.abort, finish, aborted: false }
      const unwatch = deadlines.watch(deadline, () => {
        const reason = new DOMException(`no answer within ${timeoutMs} ms`, 'TimeoutError')
        // Fenced first: a handler that answers to the signal at once is late all the same.
        finish(self.aborted ? { kind: 'aborted' } : { kind: 'timeout' })
        context.abort(reason)
      })
      running.add(self)
      const came = (result: AttemptResult): void => {
        if (!open) return onLate(task, result.kind === 'returned' ? 'handled' : 'failed')
        finish(self.aborted && result.kind === 'threw' ? { kind: 'aborted' } : result)
      }
      call(handle, task.message, context).then(
        (value) => came({ kind: 'returned', value }),
        (thrown: unknown) => came({ kind: 'threw', thrown }),
      )
      return promise
    },
    abortAll() {
      for (const each of running) {
        each.aborted = true
        each.abort(new DOMException('the worker stops', 'AbortError'))
      }
    },
    abandonAll() {
      for (const each of [...running]) each.finish({ kind: 'aborted' })
    },
  }
}

async function call(handle: Handler, message: Message, context: HandlerContext): Promise<unknown> {
  return handle(message, context)
}

/** Most handlers ask for little of this, so it is made when asked for. */
function contextOf(task: Task, deadline: number): HandlerContext & { abort(reason: unknown): void } {
  let controller: AbortController | null = null
  let abortedWith: { readonly reason: unknown } | null = null
  const abort = (reason: unknown): void => {
    abortedWith ??= { reason }
    controller?.abort(abortedWith.reason)
  }
  return {
    get signal() {
      controller ??= new AbortController()
      if (abortedWith !== null) controller.abort(abortedWith.reason)
      return controller.signal
    },
    get attempt() {
      return task.wire().attempts + 1
    },
    get letterId() {
      return task.wire().id
    },
    get origin() {
      return task.wire().origin
    },
    place: task.delivery.place,
    get replayId() {
      return task.wire().replayId
    },
    get traceparent() {
      return task.wire().traceparent
    },
    deadline,
    abort,
  }
}
