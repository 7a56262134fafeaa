import type { Delivery, Subscription } from '../broker.ts'
import { work } from './conclude.ts'
import type { MakeTask } from './intake.ts'
import type { Kit } from './kit.ts'
import { suspected } from './suspicion.ts'

const waitMs = 1_000
/** The crowd gets its turn between sessions. */
const sessionMs = 5_000

/**
 * One step on the suspects lane of a broker with competing consumers: takes one message and runs it while nothing else runs here. It
 * stays unsettled during the run, so that a process lost in it leaves the message `redelivered`: that is the start mark.
 */
export async function readSuspectQueue(kit: Kit, subscription: Subscription, make: MakeTask): Promise<void> {
  const { scheduler, gate, stopping, clock } = kit
  await gate.passed(stopping)
  const first = await nextOf(subscription, waitMs)
  if (first === undefined) return
  if (first.redelivered) return suspected(kit, make(first))
  const isBusy = !scheduler.idle
  // Held while others run, it would be blamed for a crash of theirs.
  if (isBusy) await make(first).release()
  await scheduler.alone(async () => {
    const untilMs = clock.monotonic() + sessionMs
    let delivery = isBusy ? await nextOf(subscription, 0) : first
    while (delivery !== undefined) {
      const task = make(delivery)
      if (stopping.aborted) return task.release()
      await (delivery.redelivered ? suspected(kit, task) : work(kit, task))
      if (stopping.aborted || clock.monotonic() >= untilMs || gate.reason !== null) return
      delivery = await nextOf(subscription, 0)
    }
  })
}

async function nextOf(subscription: Subscription, ms: number): Promise<Delivery | undefined> {
  const [delivery] = await subscription.next({ maxMessages: 1, waitMs: ms })
  return delivery
}
