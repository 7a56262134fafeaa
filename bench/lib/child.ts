import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'

export interface ChildOptions {
  /** Passed as JSON in the only argument. */
  readonly input: unknown
  readonly timeoutMs?: number
  /** For example `--cpu-prof`. */
  readonly nodeFlags?: readonly string[]
}

/** Runs a file of this folder in a process of its own; its last line of stdout is the answer, as JSON. */
export function inChild<Answer>(file: string, options: ChildOptions): Promise<Answer> {
  const flags = ['--conditions=@redrive/source', '--disable-warning=ExperimentalWarning', ...(options.nodeFlags ?? [])]
  const child = spawn(
    process.execPath,
    [...flags, path.join(import.meta.dirname, '..', file), JSON.stringify(options.input)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const end = endWithUs(child)
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 300_000)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-1_000_000)
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      end()
      const last = output.trimEnd().split('\n').at(-1) ?? ''
      if (code === 0 && last.startsWith('{')) resolve(JSON.parse(last) as Answer)
      else reject(new Error(`${file} ended with ${String(signal ?? code)}\n${output.slice(-2_000)}`))
    })
  })
}

/** What was given to this child. */
export function inputOf<Input>(): Input {
  return JSON.parse(process.argv[2] ?? 'null') as Input
}

function endWithUs(child: ChildProcess): () => void {
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  return () => process.off('exit', kill)
}
