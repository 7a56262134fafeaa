import type { Delivery, Subscription } from '../broker.ts'
import { work } from './conclude.ts'
import type { MakeTask } from './intake.ts'
import type { Kit } from './kit.ts'
import { suspected, toSuspects } from './suspicion.ts'
import { settledBy, type Task } from './task.ts'

const waitMs = 1_000
/** The crowd gets its turn between sessions. */
const sessionMs = 5_000

/**
 * One step on the suspects lane of a broker with competing consumers: takes one message and runs it while nothing else runs here. It
 * stays unsettled during the run, so that a process lost in it leaves the message `redelivered`: that is the start mark.
 */
export async function readSuspectQueue(kit: Kit, subscription: Subscription, make: MakeTask): Promise<void> {
  const { scheduler, gate, stopping, broker, clock } = kit
  await gate.passed(stopping)
  const first = await nextOf(subscription, waitMs)
  if (first === undefined) return
  if (first.redelivered) return suspected(kit, make(first))
  const isExact = broker.capabilities.redelivered === 'exact'
  const released = !scheduler.idle && isExact
  // Held while others run, it would be blamed for a crash of theirs.
  if (released) await subscription.settle([first], { kind: 'release', delayMs: 0 })
  await scheduler.alone(async () => {
    const untilMs = clock.now() + sessionMs
    let delivery = released ? await nextOf(subscription, 0) : first
    while (delivery !== undefined) {
      const task = make(delivery)
      if (stopping.aborted) return giveBack(kit, task)
      if (delivery.redelivered) await suspected(kit, task)
      else await work(kit, isExact ? task : unreleased(kit, task))
      if (stopping.aborted || clock.now() >= untilMs || gate.reason !== null) return
      delivery = await nextOf(subscription, 0)
    }
  })
}

async function nextOf(subscription: Subscription, ms: number): Promise<Delivery | undefined> {
  const [delivery] = await subscription.next({ maxMessages: 1, waitMs: ms })
  return delivery
}

async function giveBack(kit: Kit, task: Task): Promise<void> {
  if (kit.broker.capabilities.redelivered === 'exact') return task.release()
  return unreleased(kit, task).release()
}

/** Where a release comes back marked as redelivered, a copy takes its place. */
function unreleased(kit: Kit, task: Task): Task {
  return settledBy(task, {
    ack: () => task.ack(),
    async release() {
      if ((await toSuspects(kit, task, { ...task.wire(), dueAtMs: null })) === 'sent') await task.ack()
    },
  })
}
