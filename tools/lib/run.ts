import { spawn } from 'node:child_process'
import { root } from './workspace.ts'

/** How a command ended: its exit code (128 + n for a signal) and what it printed. */
export interface Ended {
  readonly code: number
  readonly output: string
}

/** Runs a program to its end with its output shown and kept; nothing is thrown for a failure. */
export function run(
  command: readonly [string, ...string[]],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; quiet?: boolean; timeoutMs?: number } = {},
): Promise<Ended> {
  const [file, ...arguments_] = command
  const child = spawn(file, arguments_, {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const [stream, target] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-1_000_000)
      if (options.quiet !== true) target.write(text)
    })
  }
  const forward = (): void => void child.kill('SIGTERM')
  process.once('exit', forward)
  const patience = options.timeoutMs ?? 2 ** 31 - 1
  const timers = [
    setTimeout(forward, patience),
    setTimeout(() => child.kill('SIGKILL'), Math.min(patience + 15_000, 2 ** 31 - 1)),
  ]
  return new Promise((resolve) => {
    const end = (code: number): void => {
      process.off('exit', forward)
      for (const timer of timers) clearTimeout(timer)
      resolve({ code, output })
    }
    child.once('error', (error) => {
      output += error.message
      end(127)
    })
    child.once('close', (code, signal) => end(signal === null ? (code ?? 1) : 143))
  })
}

/** A TypeScript file of this repository, on the Node that runs this. */
export function script(file: string, ...arguments_: string[]): [string, ...string[]] {
  return [
    process.execPath,
    '--conditions=@redrive/source',
    '--disable-warning=ExperimentalWarning',
    file,
    ...arguments_,
  ]
}

/** A program of an installed package, on the Node that runs this. */
export function tool(name: string, ...arguments_: string[]): [string, ...string[]] {
  return [`${root}/node_modules/.bin/${name}`, ...arguments_]
}
