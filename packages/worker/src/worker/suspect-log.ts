import type { Outgoing, Subscription } from '../broker.ts'
import { decideCrash } from '../retry-policy.ts'
import type { Wire } from '../wire.ts'
import { encodeWire } from '../wire-codec.ts'
import { work } from './conclude.ts'
import { copies } from './copies.ts'
import type { MakeTask } from './intake.ts'
import type { Kit } from './kit.ts'
import type { Sent } from './sender.ts'
import { dieOfCrashes } from './suspicion.ts'
import { settledBy, type Task } from './task.ts'

/** How far the clocks of two workers may be apart. */
const skewMs = 5_000
const readMs = 500
/** In `dueAtMs` of a record in this lane: the run that began with the mark of the same id and count has ended. */
const done = 0

interface Suspect {
  readonly task: Task
  /** Until when the writer of a mark may still be running it; `null` for a suspect nobody has started. */
  readonly leaseUntilMs: number | null
}

/**
 * Reads the suspects lane of a log (a partition has one reader; `redelivered` is only a superset), one step a call. Before a suspect is
 * run alone, its next count is written behind it as a mark; after the run a done record follows in the same partition. A mark without one,
 * read to the end after its lease, is a crash. The state is the log, so it outlives the process and moves with the partition.
 */
export function suspectLogReader(kit: Kit): (subscription: Subscription, make: MakeTask) => Promise<void> {
  const { gate, stopping, clock, timeoutMs } = kit
  // Outside of the step: what is held here stays held when a read fails.
  let waiting: readonly Suspect[] = []

  const arrived = (task: Task): void => {
    const { dueAtMs } = task.wire()
    if (dueAtMs !== done) {
      const leaseUntilMs = dueAtMs === null ? null : Math.min(dueAtMs, clock.now() + timeoutMs + skewMs)
      waiting = [...waiting, { task, leaseUntilMs }]
      return
    }
    const ended = waiting.filter(
      (suspect) => suspect.leaseUntilMs !== null && keyOf(suspect.task.wire()) === keyOf(task.wire()),
    )
    waiting = waiting.filter((suspect) => !ended.includes(suspect))
    for (const suspect of ended) void suspect.task.ack()
    void task.ack()
  }

  return async (subscription, make) => {
    await gate.passed(stopping)
    const isFresh = ({ leaseUntilMs }: Suspect): boolean => leaseUntilMs === null
    const deliveries = await subscription.next({ maxMessages: 500, waitMs: waiting.some(isFresh) ? 0 : readMs })
    for (const delivery of deliveries) arrived(make(delivery))
    waiting = waiting.filter(({ task }) => !task.lost)
    const isOver = ({ leaseUntilMs }: Suspect): boolean => leaseUntilMs !== null && leaseUntilMs <= clock.now()
    const next = waiting.find(isFresh) ?? (deliveries.length === 0 ? waiting.find(isOver) : undefined)
    if (next === undefined || stopping.aborted) return
    await judge(kit, next)
    waiting = waiting.filter((suspect) => suspect !== next)
  }
}

async function judge(kit: Kit, { task, leaseUntilMs }: Suspect): Promise<void> {
  const wire = task.wire()
  task.suspect = true
  if (leaseUntilMs !== null) {
    kit.counters.crashed++
    kit.events.emit('crashed', () => ({ letterId: wire.id, crashes: wire.crashes }))
  }
  if (decideCrash(wire.crashes, kit.policy).kind === 'dead') return dieOfCrashes(kit, task, wire)
  await kit.scheduler.alone(() => runMarked(kit, task))
}

async function runMarked(kit: Kit, task: Task): Promise<void> {
  const { clock, stopping, timeoutMs } = kit
  if (stopping.aborted || task.lost) return task.release()
  const before: Wire = { ...task.wire(), dueAtMs: null }
  const marked: Wire = { ...before, crashes: before.crashes + 1 }
  const mark = await append(kit, task, () => ({ ...marked, dueAtMs: clock.now() + timeoutMs + skewMs }))
  if (mark !== 'sent') return task.release()
  await task.ack()
  await written(kit)
  // Given back but not confirmed, the mark has to stay: without it nothing of the message would be left.
  let isKept = true
  await work(
    kit,
    settledBy(task, {
      wire: () => before,
      ack: () => Promise.resolve(),
      async release() {
        isKept = false
        isKept = (await append(kit, task, () => before)) === 'sent'
      },
    }),
  )
  if (!isKept) return
  const headers = encodeWire({ ...marked, failure: null, history: [], dueAtMs: done }, null, {
    headerBytes: 1_024,
    stackBytes: 0,
  })
  const { partition } = task.delivery
  await kit.sender.surely(kit.lanes.suspects, [() => ({ message: { key: null, body: null, headers }, partition })])
}

/**
 * An acknowledgement may resolve before it is written. A handler that never lets go of the event loop would let none out any more, and what is
 * known to be done would come again with each new process, this suspect among it, for ever. A count of what waits includes what was settled.
 */
async function written({ broker, consumer, queue, lanes }: Kit): Promise<void> {
  const places = [queue, lanes.suspects, ...lanes.retries.map(({ place }) => place)]
  await Promise.allSettled(places.map((place) => broker.depth(place, consumer)))
}

/** Writes a copy behind everything else in the same partition, confirmed. */
function append(kit: Kit, task: Task, wire: () => Wire): Promise<Sent> {
  const forms = [0, 1, 2].map((size) => (): Outgoing => {
    const message = copies(task.message, wire(), { capabilities: kit.broker.capabilities })[size]?.() ?? task.message
    return { message, partition: task.delivery.partition }
  })
  return kit.sender.surely(kit.lanes.suspects, forms)
}

function keyOf({ id, crashes }: Wire): string {
  return `${id} ${crashes}`
}
