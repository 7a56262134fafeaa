import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Order } from './child.ts'

/** How a process ended: killed at its boundary, or with the boundaries that it crossed. */
export type Ended = { readonly kind: 'killed' } | { readonly kind: 'crossed'; readonly boundaries: readonly string[] }

export interface Processes {
  /** @throws when it failed by itself */
  run(order: Order): Promise<Ended>
  close(): void
}

/**
 * Processes that are started ahead, for most of the time of one goes into loading.
 * @param options.cache a folder for what was compiled
 */
export function processes(options: { readonly ahead: number; readonly cache: string }): Processes {
  const another = (): ChildProcess => start(options.cache)
  const ready = Array.from({ length: options.ahead }, another)
  return {
    run(order) {
      ready.push(another())
      return ended(ready.shift() ?? another(), order)
    },
    close: () => ready.forEach((child) => child.kill('SIGKILL')),
  }
}

function start(cache: string): ChildProcess {
  return fork(fileURLToPath(new URL('child.ts', import.meta.url)), {
    execArgv: ['--conditions=@redrive/source', '--disable-warning=ExperimentalWarning'],
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
}

const patienceMs = 30_000

function ended(child: ChildProcess, order: Order): Promise<Ended> {
  return new Promise((resolve, reject) => {
    let output = ''
    let boundaries: readonly string[] = []
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      child.kill('SIGKILL')
    }, patienceMs)
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    child.once('message', (crossed: readonly string[]) => {
      boundaries = crossed
    })
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      if (isLate) reject(new Error(`it did not end within ${patienceMs / 1_000} s ${output}`))
      else if (signal === 'SIGKILL') resolve({ kind: 'killed' })
      else if (code === 0) resolve({ kind: 'crossed', boundaries })
      else reject(new Error(`it ended with ${code ?? signal}: ${output}`))
    })
    child.send(order)
  })
}
