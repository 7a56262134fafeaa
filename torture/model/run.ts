import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { startTestServer } from '../../packages/server/src/testing/database.ts'
import { againWith, type SequencesResult } from './sequences.ts'
import type { Share } from './worker.ts'

export interface ModelResult {
  readonly sequences: number
  /** Commands that said something where they stood. */
  readonly commands: number
  /** Processes that found a sequence which tells the model and the store apart. */
  readonly failed: number
  readonly seed: number
}

/**
 * Shares the sequences among as many processes as there are cores; each begins with a seed of its own, one after the other.
 * @param options.path runs again what failed with that seed
 */
export async function runModel(options: {
  readonly sequences: number
  readonly seed: number
  readonly path?: string
  readonly say: (line: string) => void
}): Promise<ModelResult> {
  const { seed, path = null, say } = options
  const processes = path === null ? Math.min(8, availableParallelism()) : 1
  const sequences = path === null ? Math.ceil(options.sequences / processes) : 1
  const server = await startTestServer()
  try {
    const results = await Promise.all(
      Array.from({ length: processes }, (_, at) =>
        resultOf({ name: `model_${at}`, serverUrl: server.url, sequences, seed: seed + at, path }),
      ),
    )
    for (const { failure } of results) {
      if (failure === null) continue
      say(`FAIL ${failure.counterexample}`)
      say(failure.error)
      say(`again: ${againWith(failure)}`)
    }
    const sum = (of: (result: SequencesResult) => number): number =>
      results.reduce((total, result) => total + of(result), 0)
    return {
      sequences: sum((result) => result.sequences),
      commands: sum(({ commands }) => commands),
      failed: sum(({ failure }) => (failure === null ? 0 : 1)),
      seed,
    }
  } finally {
    await server.stop()
  }
}

function resultOf(share: Share): Promise<SequencesResult> {
  const child = fork(fileURLToPath(new URL('worker.ts', import.meta.url)), {
    execArgv: ['--conditions=@redrive/source', '--disable-warning=ExperimentalWarning'],
  })
  return new Promise((resolve, reject) => {
    child.once('message', (result: SequencesResult) => resolve(result))
    child.once('exit', (code, signal) => reject(new Error(`a process ended by itself: ${code ?? signal}`)))
    child.send(share)
  })
}
