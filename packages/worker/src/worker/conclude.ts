import { classify } from '../classification.ts'
import { returnedOutcome, thrownOutcome } from '../control.ts'
import { describeFailure } from '../describe-failure.ts'
import type { FailureClass } from '../failure.ts'
import { laneFor } from '../lanes.ts'
import { retryAfterMs } from '../retry-after.ts'
import { decide, maxAttemptsOf } from '../retry-policy.ts'
import type { Wire } from '../wire.ts'
import { type AttemptResult, Call } from './call.ts'
import { copies } from './copies.ts'
import { die } from './death.ts'
import { failingWire } from './failing-wire.ts'
import type { Kit } from './kit.ts'
import { park } from './park.ts'
import { handledBefore } from './processed.ts'
import { sendReceipt } from './receipts.ts'
import type { Job } from './scheduler.ts'
import type { Settled } from './settler.ts'
import type { Task } from './task.ts'

/** One attempt and everything that follows from it. Never rejects. */
export function work(kit: Kit, task: Task): Promise<void> {
  return new Promise((resolve) => new Work(kit, task).run(() => resolve()))
}

/** The same as a job. A class, because one is made per message: what is simply handled, as most is, costs no promise of ours. */
export class Work extends Call implements Job, Settled {
  readonly orderKey: string | null
  readonly from: Job['from']
  readonly #kit: Kit
  readonly #isAlone: boolean
  #ended: (job: Job) => void = nobody

  constructor(kit: Kit, task: Task, scheduled: Pick<Job, 'orderKey' | 'from'> | null = null) {
    super(task)
    this.orderKey = scheduled?.orderKey ?? null
    this.from = scheduled?.from ?? 'lane'
    this.#isAlone = scheduled === null
    this.#kit = kit
  }

  get job(): Job | null {
    return this.#isAlone ? null : this
  }

  run(ended: (job: Job) => void): void {
    this.#ended = ended
    if (this.task.lost) return ended(this)
    this.#kit.attempts.run(this)
  }

  came(result: AttemptResult): void {
    const { task } = this
    const isSimple = result.kind === 'returned' && result.value === undefined && task.replayId === null && !task.lost
    if (isSimple && (this.#kit.hold === null || this.#kit.hold.placeOf(task) === null)) {
      noteHandled(this.#kit, task)
      task.ackThen(this)
    } else void concludeSafely(this.#kit, task, result).then(() => this.settled())
  }

  settled(): void {
    this.#ended(this)
  }

  release(): Promise<void> {
    return this.task.release()
  }
}

function nobody(): void {}

/** A fault of ours, or of an option that throws, costs neither the message nor the process. */
async function concludeSafely(kit: Kit, task: Task, result: AttemptResult): Promise<void> {
  try {
    await conclude(kit, task, result)
  } catch (cause) {
    kit.events.emit('trouble', () => ({
      message: 'an attempt could not be concluded; its message is given back',
      place: task.delivery.place,
      cause,
    }))
    await kit.clock.sleep(1_000, kit.stopping)
    await giveBack(kit, task)
  }
}

async function conclude(kit: Kit, task: Task, result: AttemptResult): Promise<void> {
  // Whoever got the partition handles the message again; anything we send now would be a second life of it.
  if (task.lost) return
  switch (result.kind) {
    case 'aborted':
      return giveBack(kit, task)
    case 'behind':
      return park(kit, task)
    case 'timeout':
      return failed(kit, task, {
        failureClass: 'timeout',
        cause: timeoutOf(kit.timeoutMs),
        requestedDelayMs: undefined,
      })
    case 'threw': {
      const outcome = thrownOutcome(result.thrown)
      if (outcome?.kind === 'discard') return discarded(kit, task, outcome.reason)
      const requestedDelayMs = outcome?.kind === 'retry' ? outcome.delayMs : undefined
      return failed(kit, task, {
        failureClass: classify(result.thrown, kit.rules),
        cause: result.thrown,
        requestedDelayMs,
      })
    }
    case 'returned':
      return returned(kit, task, result.value)
  }
}

function returned(kit: Kit, task: Task, value: unknown): Promise<void> {
  if (value === handledBefore) return handled(kit, task, noteSkipped)
  const outcome = returnedOutcome(value)
  switch (outcome.kind) {
    case 'handled':
      return handled(kit, task)
    case 'discard':
      return discarded(kit, task, outcome.reason)
    case 'retry': {
      const { cause, delayMs } = outcome
      const failureClass = cause === undefined ? 'transient' : classify(cause, kit.rules)
      return failed(kit, task, {
        failureClass: retryable(failureClass),
        cause: cause ?? asked,
        requestedDelayMs: delayMs,
      })
    }
    case 'dead': {
      const known = classify(outcome.cause, kit.rules)
      const failureClass = known === 'unknown' ? 'permanent' : known
      return failed(kit, task, { failureClass, cause: outcome.cause, requestedDelayMs: undefined, dead: true })
    }
  }
}

/** No error, so that no stack is taken for what is no fault. */
const asked = { name: 'RetryRequested', message: 'the handler asked to be called again' } as const

/** The handler's wish to try again outweighs what its cause looks like. */
function retryable(failureClass: FailureClass): FailureClass {
  return failureClass === 'permanent' || failureClass === 'malformed' ? 'transient' : failureClass
}

async function handled(kit: Kit, task: Task, note: typeof noteHandled = noteHandled): Promise<void> {
  if (task.replayId !== null) {
    const wire = task.wire()
    if ((await sendReceipt(kit, wire, { result: 'handled', attempts: wire.attempts + 1 })) !== 'sent')
      return giveBack(kit, task)
  }
  if ((await kit.hold?.leave(task)) === 'gave-up') return giveBack(kit, task)
  note(kit, task)
  await task.ack()
}

function noteSkipped({ events, counters }: Kit, task: Task): void {
  counters.skipped++
  events.emit('skipped', () => ({ letterId: task.wire().id, replayId: task.replayId }))
}

function noteHandled({ events, counters, traffic }: Kit, task: Task): void {
  counters.handled++
  const samples = traffic === null ? null : traffic.samples
  if (samples !== null && --samples.left < 0) samples.take(task.message, task.wire().origin.partition)
  events.emit('handled', () => {
    const { id, attempts, replayId } = task.wire()
    return { letterId: id, attempt: attempts + 1, replayId }
  })
}

async function discarded(kit: Kit, task: Task, reason: string): Promise<void> {
  const wire = task.wire()
  const attempt = wire.attempts + 1
  if ((await sendReceipt(kit, wire, { result: 'discarded', attempts: attempt })) !== 'sent') return giveBack(kit, task)
  if ((await kit.hold?.leave(task)) === 'gave-up') return giveBack(kit, task)
  kit.counters.discarded++
  kit.events.emit('discarded', () => ({ letterId: wire.id, attempt, reason }))
  await task.ack()
}

interface Failed {
  readonly failureClass: FailureClass
  readonly cause: unknown
  readonly requestedDelayMs: number | undefined
  readonly dead?: boolean
}

async function failed(
  kit: Kit,
  task: Task,
  { failureClass, cause, requestedDelayMs, dead = false }: Failed,
): Promise<void> {
  const { policy, clock, random, identity, broker } = kit
  const before = task.wire()
  const nowMs = clock.now()
  const failure = describeFailure(cause)
  const wire = failingWire(before, {
    failure,
    maxAttempts: maxAttemptsOf(policy, failureClass),
    nowMs,
    worker: identity,
  })
  const decision = dead
    ? ({ kind: 'dead', reason: 'rejected', tier: failureClass } as const)
    : decide(
        {
          failureClass,
          attempts: wire.attempts,
          firstFailedAtMs: before.firstFailedAtMs,
          nowMs,
          previousDelayMs: previousDelayOf(before),
          retryAfterMs: retryAfterMs(cause, nowMs),
          requestedDelayMs,
          random,
        },
        policy,
      )
  if (decision.kind === 'dead') return die(kit, task, { wire, death: { ...decision, failure } })

  const { delayMs } = decision
  const native = broker.capabilities.nativeDelay
  const decidedAtMs = clock.monotonic()
  const waiting: Wire = { ...wire, dueAtMs: nowMs + delayMs }
  const forms = copies(task.message, waiting, { capabilities: broker.capabilities }).map((copy) => () => {
    const leftMs = Math.max(0, delayMs - (clock.monotonic() - decidedAtMs))
    return native === false || leftMs === 0
      ? { message: copy() }
      : { message: copy(), delayMs: Math.min(leftMs, native.maxMs) }
  })
  switch (await kit.sender.surely(laneFor(kit.lanes, delayMs), forms, { mayRefuse: true })) {
    case 'gave-up':
      return giveBack(kit, task)
    case 'refused':
      // No lane takes it, so it can only wait where people look.
      return die(kit, task, { wire, death: { tier: failureClass, reason: 'rejected', failure } })
    case 'sent':
      kit.counters.retried++
      kit.events.emit('retried', () => ({
        letterId: wire.id,
        attempt: wire.attempts,
        delayMs,
        class: failureClass,
        failure,
      }))
      await task.ack()
  }
}

function giveBack(kit: Kit, task: Task): Promise<void> {
  kit.counters.released++
  return task.release()
}

function previousDelayOf({ dueAtMs, lastFailedAtMs }: Wire): number {
  return dueAtMs === null || lastFailedAtMs === null ? 0 : Math.max(0, dueAtMs - lastFailedAtMs)
}

function timeoutOf(timeoutMs: number): DOMException {
  return new DOMException(`no answer within ${timeoutMs} ms`, 'TimeoutError')
}
