import assert from 'node:assert/strict'
import { type ChildProcess, fork, spawn } from 'node:child_process'
import os from 'node:os'
import { after } from 'node:test'
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

interface Ready {
  readonly child: ChildProcess
  /** Past the streams of its commands. */
  said(): string
  readonly ended: Promise<number | null>
}

const idle: Ready[] = []
const all: Ready[] = []

/**
 * Runs the program in a process that has its code in memory and answers one command after another: a start costs ten times as
 * much as most commands. What a process of its own has to itself (standard input, signals, its end) is for `redriveItself`.
 */
export async function redrive(args: readonly string[], surroundings: Surroundings = {}): Promise<Ended> {
  const ready = idle.pop() ?? start()
  const { child } = ready
  const question: Question = { args, env: surroundings.env ?? {}, cwd: surroundings.cwd ?? os.tmpdir() }
  const answer = await new Promise<Ended>((resolve, reject) => {
    const lost = (): void => reject(new Error(`redrive ${args.join(' ')} ended its process: ${ready.said()}`))
    child.once('exit', lost).once('message', (ended) => {
      child.off('exit', lost)
      resolve(ended as Ended)
    })
    child.send(question)
  })
  idle.push(ready)
  return answer
}

function start(): Ready {
  const child = fork(fileURLToPath(new URL('command-line-child.ts', import.meta.url)), {
    execArgv: [...conditions],
    env: withoutOffice(),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (said += text))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const ready: Ready = { child, said: () => said, ended }
  all.push(ready)
  return ready
}

// What any command of a file leaves open keeps its process, and what it says past its streams is collected: both are seen here.
after(async () => {
  for (const { child, said, ended } of all) {
    if (child.connected) child.disconnect()
    const late = setTimeout(() => child.kill('SIGKILL'), endLimitMs)
    assert.deepEqual({ code: await ended, said: said() }, { code: 0, said: '' })
    clearTimeout(late)
  }
})

const endLimitMs = 20_000

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
