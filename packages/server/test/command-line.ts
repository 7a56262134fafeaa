import { type ChildProcess, fork, spawn } from 'node:child_process'
import os from 'node:os'
import { fileURLToPath } from 'node:url'

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

interface Surroundings {
  readonly env?: NodeJS.ProcessEnv
  /** @default the folder of temporary files */
  readonly cwd?: string
}

export interface Question {
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
}

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const conditions = ['--conditions=@redrive/source'] as const

/** The program signed in to an office, as somebody calls it who pipes its output. */
export function commandLine(office: {
  readonly url: string
  readonly token: string
}): (...args: readonly string[]) => Promise<Ended> {
  return (...args) => redrive(args, { env: { REDRIVE_URL: office.url, REDRIVE_TOKEN: office.token } })
}

const idle: ChildProcess[] = []

/**
 * Runs the program in a process that has its code in memory and answers one command after another: a start costs ten times as
 * much as most commands. What only a process of its own has (standard input, signals, its end) is for `redriveItself`.
 */
export async function redrive(args: readonly string[], surroundings: Surroundings = {}): Promise<Ended> {
  const child = idle.pop() ?? start()
  child.channel?.ref()
  const question: Question = { args, env: surroundings.env ?? {}, cwd: surroundings.cwd ?? os.tmpdir() }
  const ended = await new Promise<Ended>((resolve, reject) => {
    const lost = (): void => reject(new Error(`redrive ${args.join(' ')} ended its process`))
    child.once('exit', lost).once('message', (answer) => {
      child.off('exit', lost)
      resolve(answer as Ended)
    })
    child.send(question)
  })
  child.channel?.unref()
  idle.push(child)
  return ended
}

function start(): ChildProcess {
  const child = fork(fileURLToPath(new URL('command-line-child.ts', import.meta.url)), {
    execArgv: [...conditions],
    env: withoutOffice(),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  // While nothing is asked it keeps nobody waiting, and it ends when its channel does.
  child.unref()
  return child
}

/** Runs the program in a process of its own. */
export function redriveItself(
  args: readonly string[],
  surroundings: Surroundings & { readonly input?: string } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...conditions, main, ...args], {
      env: { ...withoutOffice(), ...surroundings.env },
      cwd: surroundings.cwd ?? os.tmpdir(),
    })
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    child.on('error', reject).on('close', (code) => resolve({ code, out, err }))
    child.stdin.end(surroundings.input ?? '')
  })
}

/** The office of whoever runs the tests is none of theirs. */
function withoutOffice(): NodeJS.ProcessEnv {
  const { REDRIVE_URL: _, REDRIVE_TOKEN: __, REDRIVE_DATA: ___, ...own } = process.env
  return own
}
