import type { Linked } from './chain.ts'
import type { Expiring } from './deadlines.ts'
import type { Job } from './scheduler.ts'
import type { Task } from './task.ts'

export type AttemptResult =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly thrown: unknown }
  | { readonly kind: 'timeout' }
  /** The worker stopped; whatever the handler did, it does not count. */
  | { readonly kind: 'aborted' }
  /** It was not called: it has to stand behind others of its key. */
  | { readonly kind: 'behind' }

/**
 * One call of the handler, as those see it who watch over it. To be extended by whoever waits for its result: so one object per message is all
 * of that.
 */
export abstract class Call implements Expiring, Linked<Call> {
  before: Call | null = null
  after: Call | null = null
  chained = false
  endsAtMs = 0
  /** The worker stops: whatever the handler did, it does not count. */
  isGivenUp = false
  readonly task: Task
  #controller: AbortController | null = null
  #aborted: { readonly reason: unknown } | null = null

  constructor(task: Task) {
    this.task = task
  }

  /** What the scheduler knows it as; `null`: it is run alone. */
  abstract readonly job: Job | null

  /** Called once, perhaps at once. */
  abstract came(result: AttemptResult): void

  /** Most handlers never ask for it, so it is made when asked for. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#aborted !== null) this.#controller.abort(this.#aborted.reason)
    return this.#controller.signal
  }

  abort(reason: unknown): void {
    this.#aborted ??= { reason }
    this.#controller?.abort(this.#aborted.reason)
  }
}
