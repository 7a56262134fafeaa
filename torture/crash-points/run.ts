import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startTestServer } from '../../packages/server/src/testing/database.ts'
import { randomFrom } from '../random.ts'
import { databasesOf } from '../scratch-databases.ts'
import { checkCrashed, checkRecovered, type Wrong } from './check.ts'
import type { Operation } from './operation.ts'
import { operations } from './operations.ts'
import { processes } from './processes.ts'
import { recover } from './recover.ts'
import { openScene } from './scene.ts'
import { type Stage, setUp } from './stage.ts'

export interface CrashPointsOptions {
  readonly seed: number
  /** Only the operation of that name, or those with that in their names. */
  readonly operation?: string
  /** Only the boundary of that number. */
  readonly point?: number
  readonly say: (line: string) => void
}

export interface CrashPointsResult {
  readonly crashPoints: number
  readonly killed: number
  readonly lost: number
  readonly duplicatedUnknowingly: number
  readonly unaccounted: number
  readonly failed: number
  readonly seed: number
}

const atOnce = 2

/** Kills at every boundary of every operation, in an order that the seed shuffles, and checks after each death and after each recovery. */
export async function crashPoints(options: CrashPointsOptions): Promise<CrashPointsResult> {
  const { seed, operation: wanted, point, say } = options
  const folder = mkdtempSync(path.join(tmpdir(), 'redrive-crash-points-'))
  const server = await startTestServer()
  const children = processes({ ahead: atOnce, cache: path.join(folder, 'compiled') })
  const databases = await databasesOf(server.url, 'crash')
  const result = { crashPoints: 0, killed: 0, lost: 0, duplicatedUnknowingly: 0, unaccounted: 0, failed: 0, seed }
  try {
    for (const operation of chosen(wanted)) {
      const stage = await setUp(operation, { databases, folder, children })
      const points = shuffled([...stage.points.entries()], seed).filter(
        ([at]) => point === undefined || at + 1 === point,
      )
      const startedAtMs = performance.now()
      await inLanes(points, async ([at, name]) => {
        const found = await killed(stage, name).catch((error: unknown) => ({
          killed: false,
          wrong: [{ kind: 'stuck', what: error instanceof Error ? error.message : String(error) } satisfies Wrong],
        }))
        const has = (kind: Wrong['kind']): number => (found.wrong.some((each) => each.kind === kind) ? 1 : 0)
        result.crashPoints++
        if (found.killed) result.killed++
        result.lost += has('lost')
        result.duplicatedUnknowingly += has('duplicated')
        result.unaccounted += has('unaccounted')
        if (found.killed && found.wrong.length === 0) return
        result.failed++
        for (const { kind, what } of found.wrong)
          say(`FAIL ${operation.name}, point ${at + 1} (${name}): ${kind}: ${what}`)
        if (!found.killed) say(`FAIL ${operation.name}, point ${at + 1} (${name}): it was not reached`)
        say(`  again: npm run torture -- --crash-points --operation ${operation.name} --point ${at + 1}`)
      })
      say(
        `${operation.name}: ${points.length} of ${stage.points.length} points, ${Math.round(performance.now() - startedAtMs)} ms`,
      )
      await stage.remove()
    }
    return result
  } finally {
    children.close()
    await databases.close()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A point that is not reached in one run, because something took longer, is in another. */
async function killed(stage: Stage, dieAt: string): ReturnType<typeof killAt> {
  let found = await killAt(stage, dieAt)
  for (let again = 0; again < 2 && !found.killed && found.wrong.length === 0; again += 1)
    found = await killAt(stage, dieAt)
  return found
}

async function killAt(stage: Stage, dieAt: string): Promise<{ killed: boolean; wrong: readonly Wrong[] }> {
  const { operation, known, children, databases } = stage
  const setting = await stage.copy()
  try {
    const end = await children.run({ operation: operation.name, setting, known, dieAt })
    await databases.isLeft(setting.url)
    const scene = await openScene(setting)
    try {
      const crashed = await checkCrashed(scene)

      await recover(scene, operation, known)

      const recovered = await checkRecovered(scene, operation)
      const isNew = ({ what }: Wrong): boolean => !crashed.some((each) => each.what === what)
      return { killed: end.kind === 'killed', wrong: [...crashed, ...recovered.filter(isNew)] }
    } finally {
      await scene.close()
    }
  } finally {
    await stage.drop(setting)
  }
}

async function inLanes<T>(all: readonly T[], work: (each: T) => Promise<void>): Promise<void> {
  const left = [...all]
  const lane = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next)
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
}

function shuffled<T>(all: readonly T[], seed: number): readonly T[] {
  const random = randomFrom(seed)
  return all
    .map((each) => ({ each, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ each }) => each)
}

function chosen(wanted = ''): readonly Operation[] {
  const exactly = operations.filter(({ name }) => name === wanted)
  return exactly.length > 0 ? exactly : operations.filter(({ name }) => name.includes(wanted))
}
