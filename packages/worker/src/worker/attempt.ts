import type { Clock } from '../clock.ts'
import type { Effects } from '../effects/effects.ts'
import type { Message } from '../message.ts'
import type { Origin } from '../wire.ts'
import type { AttemptResult, Call } from './call.ts'
import { type Deadlines, deadlines } from './deadlines.ts'
import type { EffectsOf } from './effects-of-task.ts'
import type { Task } from './task.ts'

/** What a handler knows beside the message. */
export interface HandlerContext {
  /** Aborts at the timeout and when the worker has no more time to stop. */
  readonly signal: AbortSignal
  /** This call's number, from 1. */
  readonly attempt: number
  /** The same over all retries, death and replays of a message. */
  readonly letterId: string
  /** `false`: this is the first call of a message that neither broker nor producer named, so that `letterId` changes if the process is lost now. */
  readonly named: boolean
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
  /**
   * What already happened does not happen again on retry or replay.
   * @throws OPTION_INVALID without the worker's option `effects`
   */
  readonly effects: Effects
}

/** A value is a `HandlerOutcome` or means handled; a throw is a failure. */
export type Handler = (message: Message, context: HandlerContext) => unknown

export interface Attempts {
  /** Calls the handler; `call.came` is called once, perhaps at once, and at the latest at the timeout. */
  run(call: Call): void
  /** Fires the signals of all that run; they count as not done. */
  abortAll(): void
  /** Ends those that ignored their signal. */
  abandonAll(): void
}

export function attempts(options: {
  readonly handle: Handler
  readonly timeoutMs: number
  readonly clock: Clock
  /** Aborts when no time is left. */
  readonly signal: AbortSignal
  readonly effects: EffectsOf
  readonly onLate: (task: Task, result: 'handled' | 'failed') => void
}): Attempts {
  const { handle, timeoutMs, clock, effects, onLate } = options
  const running = deadlines<Call>({
    clock,
    timeoutMs,
    signal: options.signal,
    expire(call) {
      // Fenced first: a handler that answers to the signal at once is late all the same.
      call.came(call.isGivenUp ? { kind: 'aborted' } : { kind: 'timeout' })
      call.abort(new DOMException(`no answer within ${timeoutMs} ms`, 'TimeoutError'))
    },
  })
  const shared: SharedByContexts = { effects, running }

  return {
    run(call) {
      let answer: unknown
      try {
        answer = handle(call.task.message, new Context(call, shared))
      } catch (thrown) {
        running.deadlineOf(call)
        return call.came({ kind: 'threw', thrown })
      }
      if (isPlain(answer)) {
        // What it left behind may still ask whether its time is over.
        running.deadlineOf(call)
        return call.came(returned(answer))
      }
      running.watch(call)
      // Also where it is no promise but only looks like one, and where looking throws.
      Promise.resolve(answer).then(
        (value) => {
          if (!running.unwatch(call)) return onLate(call.task, 'handled')
          call.came(returned(value))
        },
        (thrown: unknown) => {
          if (!running.unwatch(call)) return onLate(call.task, 'failed')
          call.came(call.isGivenUp ? { kind: 'aborted' } : { kind: 'threw', thrown })
        },
      )
    },
    abortAll() {
      for (const each of running.watched()) {
        each.isGivenUp = true
        each.abort(new DOMException('the worker stops', 'AbortError'))
      }
    },
    abandonAll() {
      for (const each of running.watched()) if (running.unwatch(each)) each.came({ kind: 'aborted' })
    },
  }
}

const nothing: AttemptResult = { kind: 'returned', value: undefined }

function returned(value: unknown): AttemptResult {
  return value === undefined ? nothing : { kind: 'returned', value }
}

/** Nothing that could be a promise. */
function isPlain(answer: unknown): boolean {
  return answer === null || (typeof answer !== 'object' && typeof answer !== 'function')
}

interface SharedByContexts {
  readonly effects: EffectsOf
  readonly running: Deadlines<Call>
}

/** Most handlers ask for little of this, so it is made when asked for. */
class Context implements HandlerContext {
  readonly #call: Call
  readonly #shared: SharedByContexts

  constructor(call: Call, shared: SharedByContexts) {
    this.#call = call
    this.#shared = shared
  }

  get effects(): Effects {
    return this.#shared.effects(this.#call.task, this)
  }

  get signal(): AbortSignal {
    return this.#call.signal
  }

  get deadline(): number {
    return this.#shared.running.deadlineOf(this.#call)
  }

  get attempt(): number {
    return this.#call.task.wire().attempts + 1
  }

  get letterId(): string {
    return this.#call.task.wire().id
  }

  get named(): boolean {
    return this.#call.task.named
  }

  get origin(): Origin {
    return this.#call.task.wire().origin
  }

  get place(): string {
    return this.#call.task.delivery.place
  }

  get replayId(): string | null {
    return this.#call.task.wire().replayId
  }

  get traceparent(): string | null {
    return this.#call.task.wire().traceparent
  }
}
