import { copies } from './copies.ts'
import type { Kit } from './kit.ts'
import type { Task } from './task.ts'

/** What is due later than this has time to become unsuspicious again. */
const soonMs = 600_000

/**
 * Where what is released comes back marked as redelivered, as if a process had been lost, a confirmed copy takes the place of the release: in
 * its lane, or for a message of the queue in the consumer's first lane, due at once.
 */
export async function putBack(kit: Kit, task: Task, from: 'source' | 'lane'): Promise<boolean> {
  const { lanes, broker, sender, clock } = kit
  const place = from === 'lane' ? task.delivery.place : lanes.retries[0]?.place
  const wire = task.wire()
  if (place === undefined || (wire.dueAtMs ?? 0) - clock.now() > soonMs) return false
  const forms = copies(task.message, wire, { capabilities: broker.capabilities }).map((copy) => () => ({
    message: copy(),
  }))
  return (await sender.surely(place, forms, { mayRefuse: true })) === 'sent'
}
