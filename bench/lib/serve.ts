import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OfficeAddress } from '../../packages/server/src/cli/find-office.ts'
import { root } from '../../tools/lib/workspace.ts'

export type Served = ChildProcess & { said: string }

const deadlineMs = 120_000

/** A process that serves. What it said last is kept. */
export function start(command: string, args: readonly string[]): Served {
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

/** Ends it and all that it started. */
export async function stop(child: Served): Promise<void> {
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

/** @throws with what it said, when it ends or takes longer than two minutes */
export async function until(child: Served, isReady: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + deadlineMs
  while (!(await isReady().catch(() => false))) {
    if (child.exitCode !== null || Date.now() > end) throw new Error(`it did not get there:\n${child.said}`)
    await sleep(50)
  }
}

/** An answer of its API. */
export async function get<T>({ url, token }: OfficeAddress, where: string): Promise<T> {
  const response = await fetch(`${url}${where}`, { headers: { authorization: `Bearer ${token}` } })
  if (!response.ok) throw new Error(`${where} answered ${response.status}`)
  return (await response.json()) as T
}
