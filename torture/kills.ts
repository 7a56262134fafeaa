import { readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Supervised } from './supervised.ts'
import type { Target } from './targets/index.ts'
import { until } from './until.ts'

interface Victim {
  readonly name: string
  readonly weight: number
  /** How the name of the line begins on which it can be seen at work. */
  readonly line: string
  kill(): void | Promise<void>
}

/** SIGKILL for worker, office, database and broker, one after the other, at random moments. */
export async function killProcesses(options: {
  readonly kills: number
  readonly random: () => number
  readonly parts: {
    readonly office: Supervised
    readonly worker: Supervised
    readonly target: Target
    readonly data: string
  }
  readonly only: readonly string[] | undefined
  readonly isOpen: () => Promise<unknown>
  readonly hit: (what: string) => void
  readonly onProgress: (kills: number) => void
}): Promise<void> {
  const { random, only } = options
  const victims = victimsOf(options.parts).filter(({ name }) => only?.includes(name) ?? true)
  for (let kills = 1; kills <= options.kills; kills += 1) {
    // Mostly everything is up again and under load before the next kill; sometimes it is still coming up.
    if (random() < 0.6) await until('the office is open', 60_000, options.isOpen)
    await sleep(100 + random() * 700)
    const victim = chosen(victims, random())
    // Half of them while it waits for the answer to what decides something.
    const line = options.parts.target.lines.find(({ name }) => name.startsWith(victim.line))
    const isAimed = random() < 0.5 && (await line?.seesWeight(1_000)) === true
    options.hit(isAimed ? `${victim.name}, aimed` : victim.name)
    await victim.kill()
    options.onProgress(kills)
  }
}

function victimsOf({ office, worker, target, data }: Parameters<typeof killProcesses>[0]['parts']): readonly Victim[] {
  const { killBroker, database } = target
  const sends = target.name === 'pg-boss' ? 'office to queue' : 'office to broker'
  return [
    { name: 'worker', weight: 3, line: 'worker to', kill: () => worker.kill() },
    { name: 'office', weight: 3, line: sends, kill: () => office.kill() },
    {
      name: 'database',
      weight: 3,
      line: 'office to database',
      kill: () => killPostmaster(database?.pid() ?? embeddedPid(data)),
    },
    // It takes longest to come back.
    ...(killBroker === null ? [] : [{ name: 'broker', weight: 1, line: sends, kill: killBroker }]),
  ]
}

function chosen(victims: readonly Victim[], dice: number): Victim {
  let left = dice * victims.reduce((sum, { weight }) => sum + weight, 0)
  for (const victim of victims) {
    left -= victim.weight
    if (left < 0) return victim
  }
  throw new Error('there is nobody to kill')
}

/** The postmaster alone: its backends follow it, and somebody has to start it again. */
function killPostmaster(pid: number): void {
  try {
    if (pid > 0) process.kill(pid, 'SIGKILL')
  } catch {
    // It is down already: whoever held it was killed a moment ago.
  }
}

function embeddedPid(data: string): number {
  try {
    return Number(readFileSync(path.join(data, 'postgres-18', 'postmaster.pid'), 'utf8').split('\n')[0])
  } catch {
    return 0
  }
}
