import type { Clock } from '../clock.ts'
import type { Effects } from '../effects/effects.ts'
import type { Message } from '../message.ts'
import type { Origin } from '../wire.ts'
import type { Linked } from './chain.ts'
import { deadlines, type Expiring } from './deadlines.ts'
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

export type AttemptResult =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly thrown: unknown }
  | { readonly kind: 'timeout' }
  /** The worker stopped; whatever the handler did, it does not count. */
  | { readonly kind: 'aborted' }

/** Where a result goes. An object, because one is needed per message, and there is one already. */
export interface Awaiting {
  came(result: AttemptResult): void
}

export interface Attempts {
  /** One call of the handler; `awaiting.came` is called once, perhaps at once, and at the latest at the timeout. */
  run(task: Task, awaiting: Awaiting): void
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
  const running = deadlines<Attempt>({
    clock,
    signal: options.signal,
    expire(attempt) {
      // Fenced first: a handler that answers to the signal at once is late all the same.
      attempt.awaiting.came(attempt.aborted ? { kind: 'aborted' } : { kind: 'timeout' })
      attempt.abort(new DOMException(`no answer within ${timeoutMs} ms`, 'TimeoutError'))
    },
  })

  return {
    run(task, awaiting) {
      const context = new Context(task, clock.now() + timeoutMs, effects)
      let answer: unknown
      try {
        answer = handle(task.message, context)
      } catch (thrown) {
        return awaiting.came({ kind: 'threw', thrown })
      }
      if (isPlain(answer)) return awaiting.came({ kind: 'returned', value: answer })
      const attempt = new Attempt(context, awaiting)
      running.watch(attempt)
      // Also where it is no promise but only looks like one, and where looking throws.
      Promise.resolve(answer).then(
        (value) => {
          if (!running.unwatch(attempt)) return onLate(task, 'handled')
          awaiting.came({ kind: 'returned', value })
        },
        (thrown: unknown) => {
          if (!running.unwatch(attempt)) return onLate(task, 'failed')
          awaiting.came(attempt.aborted ? { kind: 'aborted' } : { kind: 'threw', thrown })
        },
      )
    },
    abortAll() {
      for (const each of running.watched()) {
        each.aborted = true
        each.abort(new DOMException('the worker stops', 'AbortError'))
      }
    },
    abandonAll() {
      for (const each of running.watched()) if (running.unwatch(each)) each.awaiting.came({ kind: 'aborted' })
    },
  }
}

/** Nothing that could be a promise. */
function isPlain(answer: unknown): boolean {
  return answer === null || (typeof answer !== 'object' && typeof answer !== 'function')
}

/** A call that has not been answered yet. */
class Attempt implements Expiring, Linked<Attempt> {
  before: Attempt | null = null
  after: Attempt | null = null
  chained = false
  aborted = false
  readonly deadline: number
  readonly awaiting: Awaiting
  readonly #context: Context

  constructor(context: Context, awaiting: Awaiting) {
    this.deadline = context.deadline
    this.awaiting = awaiting
    this.#context = context
  }

  abort(reason: unknown): void {
    abort(this.#context, reason)
  }
}

let abort: (context: Context, reason: unknown) => void

/** Most handlers ask for little of this, so it is made when asked for. */
class Context implements HandlerContext {
  readonly deadline: number
  readonly #task: Task
  readonly #effects: EffectsOf
  #controller: AbortController | null = null
  #abortedWith: { readonly reason: unknown } | null = null

  static {
    // Kept from handlers: the signal is theirs to hear, not to give.
    abort = (context, reason) => {
      context.#abortedWith ??= { reason }
      context.#controller?.abort(context.#abortedWith.reason)
    }
  }

  constructor(task: Task, deadline: number, effects: EffectsOf) {
    this.#task = task
    this.deadline = deadline
    this.#effects = effects
  }

  get effects(): Effects {
    return this.#effects(this.#task, this)
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#abortedWith !== null) this.#controller.abort(this.#abortedWith.reason)
    return this.#controller.signal
  }

  get attempt(): number {
    return this.#task.wire().attempts + 1
  }

  get letterId(): string {
    return this.#task.wire().id
  }

  get named(): boolean {
    return this.#task.named
  }

  get origin(): Origin {
    return this.#task.wire().origin
  }

  get place(): string {
    return this.#task.delivery.place
  }

  get replayId(): string | null {
    return this.#task.wire().replayId
  }

  get traceparent(): string | null {
    return this.#task.wire().traceparent
  }
}
