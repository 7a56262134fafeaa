import type { Wire } from '../wire.ts'
import { letters } from './copies.ts'
import type { Kit } from './kit.ts'
import type { Job } from './scheduler.ts'
import type { Task } from './task.ts'

/**
 * Sends a message that has to stand behind others of its key to the dead-letter place, confirmed, and lets go of it. It has its place already: a
 * crash in between finds it there and sends it again. It did not die, so it counts no death, and a replay of it that comes too early is no failure.
 */
export async function park(kit: Kit, task: Task): Promise<void> {
  const { sender, lanes, broker, events, counters, identity, hold } = kit
  const line = hold?.placeOf(task) ?? null
  const wire: Wire = { ...task.wire(), tier: null, reason: 'held', worker: identity, dueAtMs: null, line }
  const forms = letters(task.message, wire, {
    capabilities: broker.capabilities,
    stack: null,
    onStripped: () =>
      events.emit('trouble', () => ({
        message: `letter ${wire.id} was refused as too large and is written without its headers`,
        place: lanes.deadLetter,
      })),
  })
  if (task.lost) return
  if ((await sender.surely(lanes.deadLetter, forms)) !== 'sent') return task.release()
  counters.held++
  events.emit('held', () => ({ letterId: wire.id, behind: line?.behind ?? null }))
  await task.ack()
}

/** What comes back to a blocked key comes one after another, but not behind messages of the queue, which may be waiting for just that. */
export function laneKeyOf({ hold }: Kit, task: Task): string | null {
  const key = hold?.keyOf(task) ?? null
  return key === null ? null : `lane ${key}`
}

/** Word of the office that a letter is resolved. In its line like a message, so that what it lets go on finds it done. */
export class Release implements Job {
  readonly from = 'lane'
  readonly orderKey: string | null
  readonly #kit: Kit
  readonly #task: Task

  constructor(kit: Kit, task: Task) {
    this.#kit = kit
    this.#task = task
    this.orderKey = laneKeyOf(kit, task)
  }

  run(ended: (job: Job) => void): void {
    void this.#obey().then(() => ended(this))
  }

  release(): Promise<void> {
    return this.#task.release()
  }

  async #obey(): Promise<void> {
    const { hold, events } = this.#kit
    if (this.#task.lost) return
    if (hold !== null) {
      if ((await hold.leave(this.#task)) === 'gave-up') return this.#task.release()
      events.emit('released', () => ({ letterId: this.#task.wire().id }))
    }
    await this.#task.ack()
  }
}
