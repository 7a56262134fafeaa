import { mkdirSync, mkdtempSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startOffice } from './stack.ts'
import type { Supervised } from './supervised.ts'
import type { Target } from './targets/index.ts'
import { until } from './until.ts'

/** Longer than a lease of 20 s, and than the session of a consumer. */
const frozenMs = 22_000

/**
 * A process stands still (SIGSTOP) until others must think it dead, and goes on where it was (SIGCONT). While an office does, a second one of the
 * same database takes over, where the database is not its own.
 */
export async function freeze(options: {
  readonly what: 'office' | 'worker'
  readonly parts: {
    readonly office: Supervised
    readonly worker: Supervised
    readonly target: Target
    readonly root: string
    readonly folder: string
  }
  /** The data folder of the office that answers; `null`: of the first one. */
  readonly talkTo: (data: string | null) => void
  readonly isOpen: () => Promise<unknown>
}): Promise<void> {
  const { what, parts, isOpen } = options
  const { office, worker, target, root, folder } = parts
  await until('the office is open', 60_000, isOpen)
  const frozen = what === 'office' ? office : worker
  await sleep(1_000)
  frozen.signal('SIGSTOP')
  let second: Supervised | undefined
  try {
    if (what === 'office' && target.database !== null) {
      const data = mkdtempSync(path.join(folder, 'second-'))
      mkdirSync(data, { recursive: true })
      second = startOffice({ target, root, folder, data, name: 'second-office' })
      options.talkTo(data)
    }
    await sleep(frozenMs)
    if (second !== undefined) await until('the second office is open', 60_000, isOpen)
    await sleep(2_000)
  } finally {
    frozen.signal('SIGCONT')
    // Both at once for a while.
    await sleep(3_000)
    await second?.stop()
    options.talkTo(null)
  }
}
