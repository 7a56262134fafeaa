import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { isAlive } from '../src/store/embedded/postmaster.ts'

export interface Holder {
  readonly child: ChildProcess
  readonly url: string
  readonly postgresPid: number
}

export interface Refusal {
  readonly code: string
  readonly message: string
}

/** A process of its own that starts PostgreSQL in this folder. */
export async function startHolder(dataDir: string): Promise<Holder | Refusal> {
  const child = fork(path.join(import.meta.dirname, 'embedded-postgres-child.ts'), [dataDir], {
    execArgv: ['--conditions=@redrive/source'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const [said] = (await once(child, 'message')) as [Refusal | { pid: number; url: string }]
  if ('code' in said) {
    if (child.exitCode === null) await once(child, 'exit')
    return said
  }
  return { child, url: said.url, postgresPid: said.pid }
}

export async function startHolderSurely(dataDir: string): Promise<Holder> {
  const started = await startHolder(dataDir)
  if ('code' in started) throw new Error(started.message)
  return started
}

export async function killHard(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

/** The holder and other processes: stopped first, so that none of them can do anything about the death of another. */
export async function killAtOnce({ child }: Holder, pids: readonly number[]): Promise<void> {
  const gone = once(child, 'exit')
  const all = [...(child.pid === undefined ? [] : [child.pid]), ...pids]
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const) for (const pid of all) process.kill(pid, signal)
  await gone
}

export async function stopHolder(holder: Holder): Promise<void> {
  const gone = once(holder.child, 'exit')
  holder.child.send('stop')
  await gone
}

/** The two shells that watch over this server: its parent, and the parent's other child. */
export function watchdogsOf(postgresPid: number): number[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/ +/).map(Number))
  const parent = rows.find(([pid]) => pid === postgresPid)?.[1] ?? 0
  return [parent, ...rows.filter(([pid, ppid]) => ppid === parent && pid !== postgresPid).map(([pid]) => pid ?? 0)]
}

export async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client(url)
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(20)) {
    if (await condition()) return
  }
  throw new Error(`not within 30 s: ${what}`)
}

export async function untilGone(pid: number): Promise<void> {
  await until(`process ${pid} is gone`, () => !isAlive(pid))
}

export function temporaryFolder(): { readonly path: string } & Disposable {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'redrive-embedded-'))
  return { path: folder, [Symbol.dispose]: () => fs.rmSync(folder, { recursive: true, force: true }) }
}
