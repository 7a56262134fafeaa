import type { Capabilities } from '../broker.ts'
import type { Lanes } from '../lanes.ts'
import type { Wire } from '../wire.ts'
import { Work } from './conclude.ts'
import { type Due, due } from './due.ts'
import { type Intake, openIntake } from './intake.ts'
import type { Kit } from './kit.ts'
import type { ResolvedOptions } from './options.ts'
import { orderKeyOf } from './order-key.ts'
import { laneKeyOf, Release } from './park.ts'
import { readAhead } from './read-ahead.ts'
import { suspectLogReader } from './suspect-log.ts'
import { readSuspectQueue } from './suspect-queue.ts'
import { suspected } from './suspicion.ts'
import type { Task } from './task.ts'

/** Everything a worker reads: its queue, its retry lanes, its suspects. */
export interface Reading {
  readonly intakes: readonly Intake[]
  readonly due: Due
  /** Resolves when no message is on its way into the suspects lane. */
  moved(): Promise<void>
}

/** @throws what `Broker.receive` throws */
export async function openReading(kit: Kit, options: ResolvedOptions): Promise<Reading> {
  const { scheduler, clock, stopping, lanes, hold } = kit
  const moving = new Set<Promise<void>>()
  const opened: Intake[] = []

  const start = (task: Task, from: 'source' | 'lane'): void => {
    const orderKey = from === 'source' ? orderKeyOf(task, options) : laneKeyOf(kit, task)
    scheduler.add(new Work(kit, task, { orderKey, from }))
  }
  const suspect = (task: Task): void => {
    // Left unsettled, it comes again, still under suspicion.
    const move = suspected(kit, task).catch((cause: unknown) =>
      kit.events.emit('trouble', () => ({
        message: 'a suspect could not be moved',
        place: task.delivery.place,
        cause,
      })),
    )
    moving.add(move)
    void move.finally(() => moving.delete(move))
  }
  const later = due({ clock, signal: stopping, start: (task) => start(task, 'lane') })

  const acceptSource = (tasks: readonly Task[]): void => {
    for (const task of tasks) {
      if (task.delivery.redelivered) suspect(task)
      else start(task, 'source')
    }
  }
  const acceptLane =
    (lane: Lanes['retries'][number], isLast: boolean) =>
    (tasks: readonly Task[]): void => {
      const nowMs = clock.now()
      for (const task of tasks) {
        if (task.wire().notice !== null) {
          scheduler.add(new Release(kit, task))
          continue
        }
        const leftMs = Math.min(
          leftOf(task.wire(), nowMs, kit.broker.capabilities),
          isLast ? Number.POSITIVE_INFINITY : lane.maxDelayMs,
        )
        // What is not due yet cannot have been in a handler's hands.
        if (leftMs > 0) {
          task.suspect = false
          later.add(task, leftMs)
        } else if (task.delivery.redelivered) suspect(task)
        else start(task, 'lane')
      }
    }

  const { ordering, redelivered } = kit.broker.capabilities
  const isLog = ordering === 'partition' && redelivered === 'superset'
  const onLost = (): void => later.dropLost()
  const ahead = readAhead(options.laneBounds, lanes.retries.length)
  const wanted = [
    { place: kit.queue, from: 'source', maxInFlight: options.maxInFlight, accept: acceptSource, gate: hold?.full },
    ...lanes.retries.map((lane, at) => ({
      place: lane.place,
      from: 'lane' as const,
      maxInFlight: ahead.most,
      room: ahead.rooms[at],
      accept: acceptLane(lane, at === lanes.retries.length - 1),
      onLost,
    })),
    {
      place: lanes.suspects,
      from: 'lane',
      maxInFlight: { messages: isLog ? 1_000 : 1, bytes: options.laneBounds.bytes },
      accept: () => undefined,
      read: isLog ? suspectLogReader(kit) : (subscription, make) => readSuspectQueue(kit, subscription, make),
    },
  ] satisfies readonly Parameters<typeof openIntake>[1][]
  const results = await Promise.allSettled(wanted.map(async (each) => opened.push(await openIntake(kit, each))))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) {
    await Promise.all(opened.map((intake) => intake.close(Promise.resolve())))
    throw failed.reason
  }
  return {
    intakes: opened,
    due: later,
    async moved() {
      while (moving.size > 0) await Promise.all(moving)
    },
  }
}

/** Brokers that delay by themselves may round. */
const roundingMs = 1_000

/**
 * How long a retry still waits: never longer than it was to wait and the broker did not see to, whatever another clock wrote, or this one before
 * it was corrected.
 */
function leftOf({ dueAtMs, lastFailedAtMs }: Wire, nowMs: number, { nativeDelay }: Capabilities): number {
  if (dueAtMs === null) return 0
  if (lastFailedAtMs === null) return dueAtMs - nowMs
  const delayMs = dueAtMs - lastFailedAtMs
  const delayedMs = nativeDelay === false ? 0 : Math.min(delayMs, nativeDelay.maxMs) - roundingMs
  return Math.min(dueAtMs - nowMs, delayMs - delayedMs)
}
