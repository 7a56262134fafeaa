import { cpSync, rmSync } from 'node:fs'
import path from 'node:path'
import type { Databases } from '../scratch-databases.ts'
import type { Known, Operation } from './operation.ts'
import type { Processes } from './processes.ts'
import { openScene, type Setting } from './scene.ts'

/** A scene that was prepared for an operation, to be copied for each death. */
export interface Stage {
  readonly operation: Operation
  readonly known: Known
  /** Names of the boundaries, in an order that is always the same. */
  readonly points: readonly string[]
  readonly children: Processes
  readonly databases: Databases
  /** A copy of what was prepared. */
  copy(): Promise<Setting>
  drop(setting: Setting): Promise<void>
  remove(): Promise<void>
}

/** Prepares the scene once, and counts its boundaries by processes that nobody kills. */
export async function setUp(
  operation: Operation,
  { databases, folder, children }: Pick<Stage, 'databases' | 'children'> & { readonly folder: string },
): Promise<Stage> {
  const prepared: Setting = {
    url: await databases.make(operation.name),
    folder: path.join(folder, operation.name),
    kind: 'ids',
    looksBack: true,
    isWithin: false,
    fates: {},
    ...operation.setting,
  }
  const scene = await openScene(prepared)
  const known = await operation.prepare(scene)
  await scene.close()
  let copies = 0
  const stage: Omit<Stage, 'points'> = {
    operation,
    known,
    children,
    databases,
    async copy() {
      const name = `${operation.name}-${++copies}`
      const to = path.join(folder, name)
      cpSync(prepared.folder, to, { recursive: true })
      return { ...prepared, folder: to, url: await databases.make(name, operation.name) }
    },
    async drop(setting) {
      rmSync(setting.folder, { recursive: true, force: true })
      await databases.drop(setting.url)
    },
    remove: () => databases.drop(prepared.url),
  }
  const crossed = new Map<string, number>()
  for (let time = 0; time < countings; time += 1)
    for (const name of await boundariesOf(stage)) crossed.set(name, (crossed.get(name) ?? 0) + 1)
  const always = [...crossed].flatMap(([name, times]) => (times === countings ? [name] : []))
  return { ...stage, points: always.toSorted() }
}

/** A run may wait for a pace or a result and then look once more than another: that look is no point of its own. */
const countings = 3

async function boundariesOf(stage: Omit<Stage, 'points'>): Promise<readonly string[]> {
  const { operation, known, children } = stage
  const setting = await stage.copy()
  const whole = await children.run({ operation: operation.name, setting, known, dieAt: null })
  await stage.drop(setting)
  if (whole.kind !== 'crossed') throw new Error(`${operation.name} was killed by nobody`)
  return whole.boundaries
}
