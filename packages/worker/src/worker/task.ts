import { createHash, randomUUID } from 'node:crypto'
import type { Delivery } from '../broker.ts'
import type { Message } from '../message.ts'
import { freshWire, type Wire, wireHeader } from '../wire.ts'
import { decodeWire, stripWire } from '../wire-codec.ts'
import type { Chain, Linked } from './chain.ts'
import type { Settled, Settler } from './settler.ts'

/** A delivery on its way through the worker. */
export interface Task {
  readonly delivery: Delivery
  /** Without our headers. */
  readonly message: Message
  /** What is known of the message; made when first asked for. */
  wire(): Wire
  /** Its partition was taken away: nothing that follows from it may have an effect. */
  readonly lost: boolean
  lose(): void
  /** Was in the hands of a lost process. Given back by leaving it unsettled, since a release would wash the suspicion off. */
  suspect: boolean
  /** Set when the message is replayed. */
  readonly replayId: string | null
  /** `false`: `wire().id` was made up for this delivery, and another delivery of the message gets another one. */
  readonly named: boolean
  /** Done with it. */
  ack(): Promise<void>
  /** Done with it; tells `done` when the broker has that. For the many: without a promise for each. */
  ackThen(done: Settled): void
  /** Not done with it, not its fault. */
  release(): Promise<void>
}

/** What the tasks of one place share. */
export interface TaskContext {
  readonly system: string
  readonly queue: string
  readonly consumer: string
  /** `source`: headers are the producer's, so a wire there counts only where the office put it. */
  readonly from: 'source' | 'lane'
  readonly settler: Settler
  /** Tasks that are neither acknowledged nor given back. */
  readonly held: Chain<HeldTask>
  /** Instead of a release, where the broker would say of it that it was lost; `false`: it could not, so release it. */
  readonly putBack?: (task: Task) => Promise<boolean>
}

/** A class, because one is made per message. */
export class HeldTask implements Task, Linked<HeldTask> {
  before: HeldTask | null = null
  after: HeldTask | null = null
  chained = false
  lost = false
  suspect: boolean
  readonly delivery: Delivery
  readonly message: Message
  readonly #context: TaskContext
  readonly #carried: Wire | null
  #wire: Wire | null = null

  constructor(delivery: Delivery, context: TaskContext) {
    const { message } = delivery
    const ours = message.headers.length > 0 && message.headers.some(({ name }) => name === wireHeader)
    const found = ours ? (decodeWire(message.headers)?.wire ?? null) : null
    this.delivery = delivery
    this.#context = context
    this.#carried = found !== null && isOurs(found, context) ? found : null
    this.message = ours ? originalOf(message, this.#carried) : message
    this.suspect = delivery.redelivered
    context.held.push(this)
  }

  wire(): Wire {
    this.#wire ??= wireFor(this.delivery, this.#carried, this.#context)
    return this.#wire
  }

  get replayId(): string | null {
    return this.#carried === null ? null : this.#carried.replayId
  }

  get named(): boolean {
    return this.#carried !== null || isNamed(this.delivery)
  }

  lose(): void {
    this.lost = true
  }

  ack(): Promise<void> {
    return new Promise((settled) => this.ackThen({ settled }))
  }

  ackThen(done: Settled): void {
    this.#context.held.remove(this)
    this.#context.settler.ack(this.delivery, done)
  }

  async release(): Promise<void> {
    const { held, settler, putBack } = this.#context
    if (this.suspect) return void held.remove(this)
    if ((await putBack?.(this)) === true) return this.ack()
    held.remove(this)
    await settler.release(this.delivery)
  }
}

/** The same task with another way to settle it. */
export function settledBy(task: Task, settling: Pick<Task, 'ack' | 'release'> & { readonly wire?: () => Wire }): Task {
  return {
    delivery: task.delivery,
    message: task.message,
    wire: settling.wire ?? (() => task.wire()),
    get lost() {
      return task.lost
    },
    lose: () => task.lose(),
    suspect: task.suspect,
    replayId: task.replayId,
    named: task.named,
    ack: settling.ack,
    ackThen: (done) => void settling.ack().then(() => done.settled()),
    release: settling.release,
  }
}

/**
 * A replay to the origin reaches every consumer there; only the one whose letter it is may report on it. One to a place that was chosen is
 * the letter of all who read there.
 */
function isOurs({ replayId, redirected, origin }: Wire, { from, queue, consumer }: TaskContext): boolean {
  if (from === 'lane') return true
  return replayId !== null && (redirected === true ? origin.place === queue : origin.consumer === consumer)
}

function originalOf(message: Message, wire: Wire | null): Message {
  const headers = stripWire(message.headers)
  const timestampMs = wire?.origin.timestampMs ?? message.timestampMs
  return timestampMs === undefined ? { ...message, headers } : { ...message, headers, timestampMs }
}

function wireFor(delivery: Delivery, carried: Wire | null, context: TaskContext): Wire {
  if (carried === null) return firstWire(delivery, context)
  const wire = carried.redirected === true ? takenOver(carried, context) : carried
  return context.from === 'lane'
    ? wire
    : { ...wire, attempts: 0, crashes: 0, dueAtMs: null, tier: null, reason: null, notice: null }
}

/** From here on it retries and dies as a message of this queue and consumer, under the name it has always had. */
function takenOver({ redirected: _, ...wire }: Wire, { system, queue, consumer }: TaskContext): Wire {
  return { ...wire, origin: { ...wire.origin, system, place: queue, consumer } }
}

function firstWire(
  { message, nativeId, partition, position }: Delivery,
  { system, queue, consumer }: TaskContext,
): Wire {
  return freshWire({
    id: idOf([system, queue, consumer], message, nativeId),
    origin: {
      system,
      place: queue,
      consumer,
      partition,
      position: position === null ? null : String(position),
      nativeId,
      timestampMs: message.timestampMs ?? null,
    },
    traceparent: traceparentOf(message),
  })
}

/**
 * The same message gets the same identity however often the broker hands it out, so that dying twice is one letter: by the broker's own
 * name for it, or else by the one its producer gave it together with its bytes. Without either nobody can tell.
 */
function idOf(scope: readonly string[], message: Message, nativeId: string | null): string {
  if (nativeId !== null) return digestOf([...scope, nativeId])
  const messageId = message.properties?.['messageId']
  if (typeof messageId !== 'string' || messageId === '') return randomUUID()
  return digestOf([...scope, 'message-id', messageId, message.body ?? ''])
}

function isNamed({ message, nativeId }: Delivery): boolean {
  const messageId = message.properties?.['messageId']
  return nativeId !== null || (typeof messageId === 'string' && messageId !== '')
}

function digestOf(parts: readonly (string | Uint8Array)[]): string {
  const digest = createHash('sha256')
  parts.forEach((part, index) => digest.update(index === 0 ? '' : '\0').update(part))
  return digest.digest('hex').slice(0, 32)
}

const traceparentPattern = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

function traceparentOf({ headers }: Message): string | null {
  const value = headers.find(({ name }) => name.toLowerCase() === 'traceparent')?.value
  if (value === undefined || value === null || value.byteLength !== 55) return null
  const text = Buffer.from(value).toString('latin1')
  return traceparentPattern.test(text) ? text : null
}
