import type { PlaceSpec } from './broker.ts'
import { RedriveError } from './errors.ts'
import { attempts } from './worker/attempt.ts'
import { effectsOfTask } from './worker/effects-of-task.ts'
import { emitter, type Listener, type WorkerEvent } from './worker/events.ts'
import { gate } from './worker/gate.ts'
import { counters, type WorkerHealth } from './worker/health.ts'
import { holdOf } from './worker/hold.ts'
import { inLine } from './worker/in-line.ts'
import type { Kit } from './worker/kit.ts'
import { type ResolvedOptions, resolveOptions, type WorkerOptions } from './worker/options.ts'
import { orderKeyOf } from './worker/order-key.ts'
import { unlessHandled } from './worker/processed.ts'
import { openReading, type Reading } from './worker/reading.ts'
import { scheduler } from './worker/scheduler.ts'
import { sender } from './worker/sender.ts'
import { trafficOf } from './worker/traffic.ts'

/** Handles the messages of one queue for one consumer. */
export interface Worker extends AsyncDisposable {
  /**
   * Creates lanes, dead-letter and receipts places where they do not exist, and begins.
   * @throws BROKER_UNREACHABLE, PLACE_MISSING, CAPABILITY_MISSING, STATE_CONFLICT (started before)
   */
  start(): Promise<void>
  /**
   * Takes in nothing more, lets running handlers finish within `shutdownMs`, then aborts them; what is not done goes back to the
   * broker, not counted as a failure. Idempotent; never rejects.
   */
  stop(): Promise<void>
  health(): WorkerHealth
  /** Adds a listener, which may throw without harm; the answer takes it away. */
  on<Event extends WorkerEvent>(event: Event, listener: Listener<Event>): () => void
}

/**
 * A worker that retries without blocking its queue, and lets die with full context what cannot be handled.
 *
 * A message that fails is sent into a retry lane of its consumer, and only when the broker has confirmed that is it acknowledged where it
 * came from; the same holds for dead letters and receipts. A crash between the two leaves two copies of one identity, never none. What cannot
 * be sent stops the intake until it can. A message that was in the hands of a lost process is run alone before it is trusted again.
 *
 * @throws OPTION_INVALID naming the option
 */
export function createWorker(options: WorkerOptions): Worker {
  const resolved = resolveOptions(options)
  const stopping = new AbortController()
  const outOfTime = new AbortController()
  const kit = kitOf(resolved, { stopping: stopping.signal, outOfTime: outOfTime.signal })
  let state: Exclude<WorkerHealth['state'], 'paused'> = 'new'
  let reading: Reading | null = null
  let loops: Promise<unknown> = Promise.resolve()
  let starting: Promise<void> = Promise.resolve()
  let stopped: Promise<void> | null = null

  const begin = async (): Promise<void> => {
    await kit.broker.prepare(placesOf(resolved))
    reading = await openReading(kit, resolved)
    loops = Promise.all(reading.intakes.map((intake) => intake.run()))
    void kit.traffic?.run()
    if (state === 'starting') state = 'running'
  }
  const end = async (): Promise<void> => {
    state = 'stopping'
    stopping.abort()
    await starting.catch(() => undefined)
    if (reading !== null) await drain(kit, { reading, loops, outOfTime, shutdownMs: resolved.shutdownMs })
    outOfTime.abort()
    state = 'stopped'
  }

  return {
    async start() {
      if (state !== 'new')
        throw new RedriveError('STATE_CONFLICT', `the worker is ${state}`, {
          hint: 'Make a new worker to start again.',
        })
      state = 'starting'
      starting = begin()
      try {
        await starting
      } catch (cause) {
        if (state === 'starting') state = 'new'
        throw cause
      }
    },
    stop() {
      stopped ??= end()
      return stopped
    },
    health() {
      const pausedReason = kit.gate.reason ?? kit.hold?.full.reason ?? null
      return {
        state: state === 'running' && pausedReason !== null ? 'paused' : state,
        pausedReason,
        running: kit.scheduler.running,
        queued: kit.scheduler.queued,
        waitingInLanes: reading?.due.waiting ?? 0,
        lateResults: kit.counters.lateResults,
        counters: { ...kit.counters },
      }
    },
    on: kit.events.on,
    [Symbol.asyncDispose]() {
      return this.stop()
    },
  }
}

/** How long a handler may take to answer to its signal when time is up. */
const graceMs = 1_000

async function drain(
  kit: Kit,
  options: {
    readonly reading: Reading
    readonly loops: Promise<unknown>
    readonly outOfTime: AbortController
    readonly shutdownMs: number
  },
): Promise<void> {
  const { reading, loops, outOfTime, shutdownMs } = options
  const { scheduler: jobs, clock } = kit
  const settled = Promise.withResolvers<void>()
  const closing = reading.intakes.map((intake) => intake.close(settled.promise))
  const unstarted = [...jobs.stop(), ...reading.due.drain()].map((each) => each.release())
  const finished = Promise.allSettled([jobs.drained(), reading.moved(), loops, ...unstarted])
  const inTime = async (ms: number, work: Promise<unknown> = finished): Promise<boolean> => {
    const timer = new AbortController()
    const isDone = await Promise.race([work.then(() => true), clock.sleep(ms, timer.signal).then(() => false)])
    timer.abort()
    return isDone
  }
  if (!(await inTime(shutdownMs))) {
    kit.attempts.abortAll()
    if (!(await inTime(graceMs))) {
      kit.attempts.abandonAll()
      // Giving back may take a send as well.
      if (!(await inTime(graceMs))) {
        outOfTime.abort()
        await inTime(graceMs)
      }
    }
  }
  // A broker that is out settles nothing, and what is not settled comes again.
  await inTime(graceMs, Promise.all(reading.intakes.map((intake) => intake.settler.flushed())))
  if (kit.traffic !== null) await inTime(graceMs, kit.traffic.close())
  settled.resolve()
  await inTime(graceMs, Promise.all(closing))
}

function kitOf(
  options: ResolvedOptions,
  signals: { readonly stopping: AbortSignal; readonly outOfTime: AbortSignal },
): Kit {
  const { broker, queue, consumer, identity, receipts, clock, random, timeoutMs, concurrency, processed } = options
  const events = emitter()
  const counts = counters()
  const gates = gate({ clock, events })
  const jobs = scheduler({ concurrency, mayStart: () => gates.reason === null })
  gates.onOpen(() => jobs.wake())
  const hold =
    options.holding === null
      ? null
      : holdOf({
          ...options,
          settings: options.holding,
          orderKeyOf: (task) => orderKeyOf(task, options),
          gate: gates,
          events,
          counters: counts,
          scheduler: jobs,
          ...signals,
        })
  const called = attempts({
    handle: processed === null ? options.handle : unlessHandled(options.handle, { processed, consumer, clock, events }),
    effects: effectsOfTask(options.effects, consumer),
    timeoutMs,
    clock,
    signal: signals.outOfTime,
    onLate(task, result) {
      counts.lateResults++
      events.emit('late', () => ({ letterId: task.wire().id, attempt: task.wire().attempts + 1, result }))
    },
  })
  return {
    ...options,
    events,
    counters: counts,
    gate: gates,
    scheduler: jobs,
    stopping: signals.stopping,
    sender: sender({
      broker,
      places: placesOf(options),
      clock,
      random,
      gate: gates,
      events,
      signal: signals.outOfTime,
    }),
    hold,
    traffic:
      receipts !== null && options.reporting !== null
        ? trafficOf({
            ...{
              ...options.reporting,
              broker,
              place: receipts,
              queue,
              consumer,
              identity,
              clock,
              counters: counts,
              events,
            },
            stopping: signals.stopping,
          })
        : null,
    attempts: hold === null ? called : inLine(called, { hold, stopping: signals.stopping }),
  }
}

function placesOf({ queue, lanes, receipts }: ResolvedOptions): readonly PlaceSpec[] {
  const lane = (place: string): PlaceSpec => ({ place, role: 'lane', like: queue })
  return [
    { place: queue, role: 'source' },
    ...lanes.retries.map(({ place }) => lane(place)),
    lane(lanes.suspects),
    { place: lanes.deadLetter, role: 'dead-letter', like: queue },
    ...(receipts === null ? [] : [{ place: receipts, role: 'receipts' as const }]),
  ]
}
