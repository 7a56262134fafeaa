import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { findOffice, type OfficeAddress } from '../packages/server/src/cli/find-office.ts'
import { run as runCommand, script } from '../tools/lib/run.ts'
import { root } from '../tools/lib/workspace.ts'
import { median } from './lib/median.ts'
import { memoryOf } from './lib/processes.ts'
import { table } from './lib/table.ts'

export const summary: string =
  'start [--rounds N] [--port N]: from npm start to the first captured letter, an idle office in memory, --help'

const deadlineMs = 120_000
const idleMs = 15_000
const cli = path.join(root, 'packages/server/dist/cli/main.js')

/** With everything installed; each start on a new data folder. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: 'string', default: '3' }, port: { type: 'string', default: '0' } },
  })
  const seconds: number[] = []
  const print = table([40, 12, 12])
  print('', 'median', 'rounds')
  for (let round = 0; round < Number(values.rounds); round++)
    seconds.push(await inFolder((data) => firstLetter(data, values.port)))
  print('npm start to the first letter, s', median(seconds), seconds.map((each) => each.toFixed(1)).join(' '))
  const idleMiB = await inFolder((data) => idle(data, values.port))
  const helps = await help()
  print('redrive --help from dist, ms', median(helps), '')
  // What of it is the machine's.
  print('node alone, ms', median(await timed(['--eval', '0'])), '')
  console.log(
    JSON.stringify({
      bench: 'start',
      firstLetterSeconds: Number(median(seconds).toFixed(1)),
      idleMiB: Math.round(idleMiB),
      helpMs: Math.round(median(helps)),
    }),
  )
}

async function inFolder<T>(work: (data: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'redrive-bench-'))
  try {
    return await work(path.join(folder, 'data'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** @returns seconds */
async function firstLetter(data: string, port: string): Promise<number> {
  const startedAt = performance.now()
  const child = start('npm', ['start', '--silent', '--', '--data', data, '--port', port])
  try {
    await until(child, async () => {
      const { letters } = await get<{ readonly letters: readonly unknown[] }>(
        findOffice({ data, env: {} }),
        '/api/v1/letters?limit=1',
      )
      return letters.length > 0
    })
    return (performance.now() - startedAt) / 1000
  } finally {
    await stop(child)
  }
}

/** PSS of the office and its database after it was left alone. */
async function idle(data: string, port: string): Promise<number> {
  const child = start(process.execPath, [
    ...script('packages/server/src/cli/main.ts', 'serve', '--data', data, '--port', port).slice(1),
  ])
  try {
    await until(child, async () => {
      await get(findOffice({ data, env: {} }), '/api/v1/queues')
      return true
    })
    await sleep(idleMs)
    const processes = await memoryOf(child.pid ?? 0)
    const print = table([60, 10, 10])
    print('idle office', 'RSS MiB', 'PSS MiB')
    for (const { name, rssMiB, pssMiB } of processes) print(name, rssMiB, pssMiB)
    const sum = (field: 'rssMiB' | 'pssMiB'): number => processes.reduce((total, each) => total + each[field], 0)
    print('sum', sum('rssMiB'), sum('pssMiB'))
    return sum('pssMiB')
  } finally {
    await stop(child)
  }
}

/** @returns milliseconds of ten runs, after a warm one */
async function help(): Promise<readonly number[]> {
  if (!existsSync(cli)) await runCommand(script('tools/build.ts'), { quiet: true })
  return timed([cli, '--help'])
}

async function timed(args: readonly string[]): Promise<readonly number[]> {
  const took: number[] = []
  for (let round = 0; round <= 10; round++) {
    const startedAt = performance.now()
    const { code, output } = await runCommand([process.execPath, ...args], { quiet: true })
    if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}: ${output.slice(0, 500)}`)
    if (round > 0) took.push(performance.now() - startedAt)
  }
  return took
}

function start(command: string, args: readonly string[]): ChildProcess & { said: string } {
  // A group of its own, so that nothing of it can be left behind.
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const held = Object.assign(child, { said: '' })
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      held.said = (held.said + text).slice(-4_000)
    })
  }
  return held
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'close')
  const signal = (name: NodeJS.Signals): void => {
    try {
      process.kill(-(child.pid ?? 0), name)
    } catch {
      // All of it has ended.
    }
  }
  signal('SIGTERM')
  const killing = setTimeout(() => signal('SIGKILL'), 20_000)
  await ended
  clearTimeout(killing)
}

async function until(child: ChildProcess & { readonly said: string }, isReady: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + deadlineMs
  while (!(await isReady().catch(() => false))) {
    if (child.exitCode !== null || Date.now() > end) throw new Error(`it did not get there:\n${child.said}`)
    await sleep(50)
  }
}

async function get<T>({ url, token }: OfficeAddress, where: string): Promise<T> {
  const response = await fetch(`${url}${where}`, { headers: { authorization: `Bearer ${token}` } })
  if (!response.ok) throw new Error(`${where} answered ${response.status}`)
  return (await response.json()) as T
}
