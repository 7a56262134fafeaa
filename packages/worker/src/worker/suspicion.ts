import { decideCrash } from '../retry-policy.ts'
import type { Wire } from '../wire.ts'
import { copies } from './copies.ts'
import { die } from './death.ts'
import type { Kit } from './kit.ts'
import type { Task } from './task.ts'

/**
 * A process was lost while it held this message: counts it, durably, by a copy in the suspects lane, or lets the message die. Until
 * that is confirmed the delivery stays unsettled, so that a crash in between finds it again. Never rejects.
 */
export async function suspected(kit: Kit, task: Task): Promise<void> {
  const { events, counters, clock } = kit
  if (task.lost) return
  task.suspect = true
  const before = task.wire()
  const wire: Wire = { ...before, crashes: before.crashes + 1, dueAtMs: null, lastFailedAtMs: clock.now() }
  counters.crashed++
  events.emit('crashed', () => ({ letterId: wire.id, crashes: wire.crashes }))
  if (decideCrash(wire.crashes, kit.policy).kind === 'dead') return dieOfCrashes(kit, task, wire)
  switch (await toSuspects(kit, task, wire)) {
    case 'refused':
      // It can neither be counted nor be trusted in the crowd.
      return dieOfCrashes(kit, task, wire)
    case 'gave-up':
      return task.release()
    case 'sent':
      await task.ack()
  }
}

/** Sends a copy into the suspects lane, confirmed. */
export function toSuspects(kit: Kit, task: Task, wire: Wire): Promise<'sent' | 'refused' | 'gave-up'> {
  const { lanes, broker, sender } = kit
  const forms = copies(task.message, wire, { capabilities: broker.capabilities }).map((copy) => () => ({
    message: copy(),
  }))
  return sender.surely(lanes.suspects, forms, { mayRefuse: true })
}

/** A crash is a call as well, so the letter counts it among them. */
export function dieOfCrashes(kit: Kit, task: Task, wire: Wire): Promise<void> {
  const nowMs = kit.clock.now()
  const dead: Wire = {
    ...wire,
    attempts: wire.attempts + wire.crashes,
    firstFailedAtMs: wire.firstFailedAtMs ?? nowMs,
    lastFailedAtMs: nowMs,
    failure: {
      errorClass: 'ProcessCrashed',
      rootClass: 'ProcessCrashed',
      message: `took its process down ${wire.crashes} times`,
    },
  }
  return die(kit, task, { wire: dead, death: { tier: 'exhausted', reason: 'crashed', failure: null } })
}
