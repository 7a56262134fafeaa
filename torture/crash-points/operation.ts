import { isRedriveError, systemClock } from '@redrive/worker'
import { carryOut } from '../../packages/server/src/replay/carry-out.ts'
import { createPlan, noControl, startRun } from '../../packages/server/src/replay/index.ts'
import { finishRun, giveBack, takeRun } from '../../packages/server/src/replay/leases.ts'
import { sendersOf } from '../../packages/server/src/replay/senders.ts'
import { ourLetter } from '../../packages/server/src/testing/letters.ts'
import { captureAll, deadLetters, type Scene, type Setting } from './scene.ts'

/** Ids that one process tells the next; plain JSON. */
export type Known = Readonly<Record<string, string>>

/** Something that an office or a person does, killed at each of its boundaries. */
export interface Operation {
  readonly name: string
  readonly setting?: Partial<Pick<Setting, 'kind' | 'looksBack' | 'isWithin' | 'fates'>>
  /** What was there before. */
  prepare(scene: Scene): Promise<Known>
  act(scene: Scene, known: Known): Promise<void>
  /** Whoever did it was not told that it was done, and does it again. */
  repeat?(scene: Scene, known: Known): Promise<void>
  /** The states of the letters at the end, in order: how many may be in which. */
  readonly ends: Readonly<Record<string, readonly number[]>>
}

export const by = { by: 'operator', reason: 'crash points' }

/** Dead letters of orders 1, 2, 3 …, captured. @returns their UUIDs as `letter1`, `letter2` … */
export async function captured(scene: Scene, count: number): Promise<Known> {
  await died(scene, count)
  await captureAll(scene, deadLetters)
  const { rows } = await scene.store.pool.query<{ id: string }>('select id from letter order by id')
  return Object.fromEntries(rows.map(({ id }, index) => [`letter${index + 1}`, id]))
}

export async function died(scene: Scene, count: number): Promise<void> {
  for (let order = 1; order <= count; order++) scene.broker.seed(deadLetters, ourLetter(order))
}

export async function planned(scene: Scene): Promise<string> {
  return createPlan(scene.store, scene.brokers, {
    selection: { query: 'queue:orders' },
    destination: 'lane',
    // Batches of two letters.
    control: { ...noControl, pace: 8 },
    limits: { beyondCap: true },
    ...by,
    nowMs: Date.now(),
  })
}

/** A run of so many letters that nobody has taken up. */
export async function started(scene: Scene, letters: number): Promise<Known> {
  const known = await captured(scene, letters)
  const plan = await planned(scene)
  return { ...known, plan, run: await startRun(scene.store, { plan, by: by.by }) }
}

/** As the replayer does it, without its clocks. */
export async function carriedOut({ store, brokers, within }: Scene): Promise<void> {
  const lease = await takeRun(store)
  if (lease === null) throw new Error('there is no run to carry out')
  const senders = sendersOf(store)
  const held = { ...lease, sender: await senders.hold() }
  const signal = new AbortController().signal
  // Time stands still, or how often it is judged would be another number in each process.
  const clock = { ...systemClock, monotonic: () => 0 }
  const end = await carryOut(held, { store, brokers, within, clock, signal })
  if (end === 'done') await finishRun(store, held)
  else await giveBack(store, held)
  await senders.release(held.sender)
  await senders.close()
}

/** Does it, unless it was done before. */
export async function unlessDone(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    const isDone = ['STATE_CONFLICT', 'PLAN_STALE', 'EDIT_REFUSED'].some((code) => isRedriveError(error, code as never))
    if (!isDone) throw error
  })
}
