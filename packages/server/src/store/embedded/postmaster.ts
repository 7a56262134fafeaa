import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** What `postmaster.pid` in a cluster says. */
export interface PidFile {
  readonly pid: number
  /** By this machine's clock; NaN while it is being written. */
  readonly startedAtMs: number
  readonly ready: boolean
}

/** The cluster's pid file, or undefined when there is none (or it is being written). */
export function readPidFile(cluster: string): PidFile | undefined {
  try {
    const lines = fs.readFileSync(path.join(cluster, 'postmaster.pid'), 'utf8').split('\n')
    const pid = Number(lines[0])
    if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
    return { pid, startedAtMs: Number(lines[2] ?? NaN) * 1_000, ready: lines[7]?.trim() === 'ready' }
  } catch {
    return undefined
  }
}

/** Whether there is such a process; one that has ended but was not collected by its parent does not count. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  if (process.platform !== 'linux') return true
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.charAt(stat.lastIndexOf(')') + 2) !== 'Z' // the name before it may hold anything
  } catch {
    return false
  }
}

/** Whether this process is the cluster's server: a pid may have been given to another program since. */
export function isPostmaster(pid: number, cluster: string): boolean {
  if (!isAlive(pid)) return false
  if (process.platform !== 'linux') {
    return spawnSync('ps', ['-o', 'comm=', '-p', `${pid}`], { encoding: 'utf8' }).stdout.includes('postgres')
  }
  try {
    return fs.readlinkSync(`/proc/${pid}/cwd`) === fs.realpathSync(cluster) // a server works inside its cluster
  } catch {
    return false
  }
}

/**
 * After a crash the pid file and the socket's lock file may name a process of somebody else, and PostgreSQL would refuse to
 * start. The pid file stays, because PostgreSQL finds a left-over shared memory block by it; only its pid becomes a dead one.
 */
export function clearStaleFiles(cluster: string): void {
  const stale = readPidFile(cluster)
  if (stale !== undefined && isPostmaster(stale.pid, cluster)) return // not stale: starting beside it will be refused
  if (stale !== undefined && isAlive(stale.pid)) {
    const file = path.join(cluster, 'postmaster.pid')
    const dead = spawnSync('true').pid
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(/^\d+/, `${dead}`))
  }
  const sockets = fs.readdirSync(cluster).filter((name) => name.startsWith('.s.PGSQL.'))
  // Another one may have started since its pid file was looked for.
  if (sockets.some((name) => name.endsWith('.lock') && isPostmaster(pidIn(path.join(cluster, name)), cluster))) return
  for (const name of sockets) fs.rmSync(path.join(cluster, name), { force: true })
}

/** The number in a lock file's first line; 0 when there is none. */
function pidIn(file: string): number {
  try {
    return Number.parseInt(fs.readFileSync(file, 'utf8'), 10) || 0
  } catch {
    return 0
  }
}

/** Fast shutdown first (open transactions are rolled back), then harder; resolves when it is gone. */
export async function stopPostmaster(pid: number, cluster: string): Promise<void> {
  for (const [signal, patienceMs] of [
    ['SIGINT', 30_000],
    ['SIGQUIT', 10_000],
    ['SIGKILL', 5_000],
  ] as const) {
    if (!isPostmaster(pid, cluster)) return
    try {
      process.kill(pid, signal)
    } catch {
      return
    }
    const deadline = performance.now() + patienceMs
    while (performance.now() < deadline && isPostmaster(pid, cluster)) await sleep(10)
  }
}
