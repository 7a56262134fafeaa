import type { DeathReason, FailureDescription, Tier } from '../failure.ts'
import type { Wire } from '../wire.ts'
import { letters } from './copies.ts'
import type { Kit } from './kit.ts'
import { sendReceipt } from './receipts.ts'
import type { Task } from './task.ts'

export interface Death {
  readonly tier: Tier
  readonly reason: DeathReason
  readonly failure: FailureDescription | null
}

/** Writes the letter, confirmed, then reports a failed replay, then lets go of the message. */
export async function die(
  kit: Kit,
  task: Task,
  { wire, death }: { readonly wire: Wire; readonly death: Death },
): Promise<void> {
  const { sender, lanes, broker, events, counters, identity, hold, traffic } = kit
  const { tier, reason, failure } = death
  // Its key is blocked before anybody can see its letter.
  if (!task.lost && (await hold?.die(task)) === 'gave-up') return task.release()
  const line = hold?.placeOf(task) ?? null
  const letter: Wire = { ...wire, line, tier, reason, worker: identity, hops: wire.hops + 1, dueAtMs: null }
  const forms = letters(task.message, letter, {
    capabilities: broker.capabilities,
    stack: failure?.stack ?? null,
    onStripped: () =>
      events.emit('trouble', () => ({
        message: `letter ${wire.id} was refused as too large and is written without its headers`,
        place: lanes.deadLetter,
      })),
  })
  if (task.lost) return
  const sent = await sender.surely(lanes.deadLetter, forms)
  if (sent !== 'sent') return task.release()
  if ((await sendReceipt(kit, wire, { result: 'failed', attempts: wire.attempts })) !== 'sent') return task.release()
  counters.died++
  if (traffic !== null) traffic.died[tier] = (traffic.died[tier] ?? 0) + 1
  events.emit('died', () => ({ letterId: wire.id, attempts: wire.attempts, tier, reason, failure }))
  await task.ack()
}
