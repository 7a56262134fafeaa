import { readdir, readFile } from 'node:fs/promises'

export interface Memory {
  readonly name: string
  readonly rssMiB: number
  /** Shared pages divided by who shares them: the only figure that may be added up. */
  readonly pssMiB: number
}

/** A process and all that it started, from /proc: Linux only. */
export async function memoryOf(pid: number): Promise<readonly Memory[]> {
  const parents = new Map<number, number>()
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => null)
    // The name stands in brackets and may hold anything.
    const parent = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1]
    if (parent !== undefined) parents.set(Number(entry), Number(parent))
  }
  const isBelow = (of: number | undefined): boolean => of !== undefined && (of === pid || isBelow(parents.get(of)))
  const pids = [...parents.keys()].filter(isBelow)
  const found = await Promise.all(pids.map((each) => memory(each).catch(() => null)))
  return found.filter((each) => each !== null)
}

async function memory(pid: number): Promise<Memory> {
  const [command, rollup] = await Promise.all([
    readFile(`/proc/${pid}/cmdline`, 'utf8'),
    readFile(`/proc/${pid}/smaps_rollup`, 'utf8'),
  ])
  const kb = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(rollup)?.[1] ?? 0)
  const name = command.replaceAll('\0', ' ').trim().slice(0, 60)
  return { name, rssMiB: kb('Rss') / 1024, pssMiB: kb('Pss') / 1024 }
}
