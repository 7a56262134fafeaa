import { renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Supervised } from './supervised.ts'

const most = 48 * 3_600_000

/** Where the clock of a process stands, beside its logs. */
export function clockFile(folder: string, name: string): string {
  return path.join(folder, `${name}.clock`)
}

/**
 * Sets the clocks of office and worker forward and back, by a second to two days, while they run; in the end all are right again. The
 * database keeps the time: what it says decides about paces, leases and expiry.
 */
export async function jumpClocks(options: {
  readonly jumps: number
  readonly random: () => number
  readonly folder: string
  readonly parts: { readonly office: Supervised; readonly worker: Supervised }
  readonly hit: (what: string) => void
}): Promise<void> {
  const { jumps, random, folder, parts, hit } = options
  const set = (name: keyof typeof parts, wrongByMs: number): void => {
    const file = clockFile(folder, name)
    writeFileSync(`${file}.new`, String(wrongByMs))
    renameSync(`${file}.new`, file)
    parts[name].signal('SIGUSR2')
  }
  for (let n = 0; n < jumps; n += 1) {
    await sleep(500 + random() * 1_500)
    const name = random() < 0.5 ? 'office' : 'worker'
    const isBack = random() < 0.5
    const byMs = Math.round(1_000 * (most / 1_000) ** random())
    set(name, isBack ? -byMs : byMs)
    hit(`clock of the ${name} set ${isBack ? 'back' : 'forward'}`)
  }
  set('office', 0)
  set('worker', 0)
}
