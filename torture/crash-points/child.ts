import { boundariesUntil } from './boundaries.ts'
import type { Known } from './operation.ts'
import { operations } from './operations.ts'
import { openScene, type Setting } from './scene.ts'
import { watchStatements } from './watch-statements.ts'

/** What a process is told to do, and where to die. */
export interface Order {
  readonly operation: string
  readonly setting: Setting
  readonly known: Known
  /** Name of a boundary; `null`: nowhere. */
  readonly dieAt: string | null
}

process.once('message', (order: Order) => void obey(order))

async function obey({ operation, setting, known, dieAt }: Order): Promise<void> {
  const boundaries = boundariesUntil(dieAt)
  const scene = await openScene(setting, boundaries)
  watchStatements(boundaries)
  await operations.find(({ name }) => name === operation)?.act(scene, known)
  process.send?.(boundaries.crossed, undefined, undefined, () => process.exit(0))
}
