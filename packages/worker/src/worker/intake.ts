import type { Delivery, ReceiveOptions, Subscription } from '../broker.ts'
import { type Chain, chain } from './chain.ts'
import { fairTurns } from './fair-turns.ts'
import type { Gate } from './gate.ts'
import type { Kit } from './kit.ts'
import { putBack } from './put-back.ts'
import type { Room } from './read-ahead.ts'
import { type Settler, settler } from './settler.ts'
import { HeldTask, type Task, type TaskContext } from './task.ts'

/** One place being read. */
export interface Intake {
  /** Takes in until the worker stops. Never rejects. */
  run(): Promise<void>
  /** Stops taking in; ends when `settled` has resolved. */
  close(settled: Promise<unknown>): Promise<void>
  readonly settler: Settler
}

export interface IntakeOptions {
  readonly place: string
  readonly from: 'source' | 'lane'
  readonly maxInFlight: ReceiveOptions['maxInFlight']
  readonly accept: (tasks: readonly Task[]) => void
  /** Some tasks have just become `lost`. */
  readonly onLost?: () => void
  /** Read only while there is room. */
  readonly room?: Room | undefined
  /** Waited for as well as the worker's own. */
  readonly gate?: Gate | undefined
  /** Reads by itself instead of handing every task to `accept`. */
  readonly read?: (subscription: Subscription, make: MakeTask) => Promise<void>
}

export type MakeTask = (delivery: Delivery) => Task

const waitMs = 1_000
const batch = 1_000
const retryMs = 500
/** Brokers that lease hand a message to somebody else after minutes; far below that we say that we are still at it. */
const leaseEveryMs = 20_000
const leaseMs = 60_000

export async function openIntake(kit: Kit, options: IntakeOptions): Promise<Intake> {
  const { broker, queue, consumer, events, clock, gate, stopping } = kit
  const { place, from, maxInFlight } = options
  const held = options.room === undefined ? chain<HeldTask>() : counted(chain<HeldTask>(), options.room)
  const trouble = (message: string, cause?: unknown): void => events.emit('trouble', () => ({ message, place, cause }))

  const subscription = await broker.receive(place, {
    consumer,
    maxInFlight,
    onLost(partitions) {
      for (const task of held.items()) {
        if (!partitions.includes(task.delivery.partition)) continue
        task.lose()
        held.remove(task)
        kit.counters.released++
      }
      options.onLost?.()
    },
    onTrouble: ({ message }) => trouble(message),
  })
  const settles = settler(subscription, (cause) => trouble('a message could not be settled and will come again', cause))
  const { ordering, redelivered } = broker.capabilities
  const looksLost = ordering !== 'partition' && redelivered === 'superset'
  const context: TaskContext = {
    system: broker.system,
    queue,
    consumer,
    from,
    settler: settles,
    held,
    ...(looksLost ? { putBack: (task: Task) => putBack(kit, task, from) } : {}),
  }
  const make: MakeTask = (delivery) => new HeldTask(delivery, context)
  const turns = fairTurns()
  const each = async (): Promise<void> => {
    await gate.passed(stopping)
    await options.gate?.passed(stopping)
    await turns()
    const room = Math.min(batch, maxInFlight.messages, (await options.room?.wait(stopping)) ?? batch)
    if (stopping.aborted) return
    const deliveries = await subscription.next({ maxMessages: room, waitMs })
    if (deliveries.length === 0) return
    const tasks = deliveries.map(make)
    if (stopping.aborted) await Promise.all(tasks.map((task) => task.release()))
    else options.accept(tasks)
  }
  const keepLeases = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(leaseEveryMs, stopping)
      if (stopping.aborted) return
      const deliveries = held.items().map(({ delivery }) => delivery)
      if (deliveries.length > 0)
        await subscription
          .extend(deliveries, leaseMs)
          .catch((cause: unknown) => trouble('leases could not be extended', cause))
    }
  }
  return {
    settler: settles,
    async run() {
      void keepLeases()
      while (!stopping.aborted) {
        try {
          await (options.read?.(subscription, make) ?? each())
        } catch (cause) {
          if (stopping.aborted) return
          trouble(`cannot read "${place}" for now`, cause)
          await clock.sleep(retryMs, stopping)
        }
      }
    },
    close: (settled) =>
      subscription.close(settled).catch((cause: unknown) => trouble(`"${place}" did not close cleanly`, cause)),
  }
}

function counted(held: Chain<HeldTask>, room: Room): Chain<HeldTask> {
  return {
    get first() {
      return held.first
    },
    items: held.items,
    push(task) {
      if (!task.chained) room.take(task.delivery)
      held.push(task)
    },
    remove(task) {
      const wasHeld = held.remove(task)
      if (wasHeld) room.free(task.delivery)
      return wasHeld
    },
  }
}
