import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { findOffice } from '../packages/server/src/cli/find-office.ts'
import { run as runCommand, script } from '../tools/lib/run.ts'
import { root } from '../tools/lib/workspace.ts'
import { median } from './lib/median.ts'
import { memoryOf } from './lib/processes.ts'
import { get, start, stop, until } from './lib/serve.ts'
import { table } from './lib/table.ts'

export const summary: string =
  'start [--rounds N] [--port N]: from npm start to the first captured letter, an idle office in memory, --help'

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
