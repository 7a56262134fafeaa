import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { RedriveError } from '@redrive/worker'
import type { Account } from './account.ts'
import { isAlive } from './postmaster.ts'
import type { Runtime } from './runtime.ts'

export const superuser = 'redrive'

/**
 * What PostgreSQL is told its data folder is. As root on Linux it works inside the folder and is told only "here", because
 * `nobody` may not be able to enter the folders above it (/root, a private home).
 */
export function clusterArgument(cluster: string, account: Account | undefined): string {
  return account !== undefined && process.platform === 'linux' ? '/proc/self/cwd' : cluster
}

/**
 * Makes the cluster unless it exists. It appears under its name only when complete, so a kill in the middle leaves nothing
 * half made. Faults: EMBEDDED_POSTGRES_FAILED.
 */
export function ensureCluster(
  cluster: string,
  options: { runtime: Runtime; account: Account | undefined; durable: boolean },
): void {
  if (fs.existsSync(path.join(cluster, 'PG_VERSION'))) return
  removeAbandoned(cluster)
  const fresh = `${cluster}.new-${process.pid}`
  fs.mkdirSync(fresh, { mode: 0o700 })
  if (options.account !== undefined) fs.chownSync(fresh, options.account.uid, options.account.gid)
  const arguments_ = [
    ...['-D', clusterArgument(fresh, options.account), '-U', superuser, '-A', 'trust', '-E', 'UTF8'],
    ...['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', '--no-instructions'],
    ...(options.durable ? [] : ['--no-sync']),
  ]
  const made = spawnSync(options.runtime.initdb, arguments_, {
    encoding: 'utf8',
    env: options.runtime.env,
    cwd: fresh,
    ...options.account,
  })
  if (made.status !== 0) {
    fs.rmSync(fresh, { recursive: true, force: true })
    const why = made.error?.message ?? made.stderr.trim().split('\n').slice(-6).join('\n')
    throw new RedriveError('EMBEDDED_POSTGRES_FAILED', `the embedded PostgreSQL could not make its files: ${why}`, {
      hint: why.includes('look up effective user ID')
        ? 'run as a user that /etc/passwd knows, or set REDRIVE_DATABASE_URL to a PostgreSQL server of your own'
        : 'check the free space and the rights of the data folder',
      data: { cluster },
    })
  }
  try {
    fs.renameSync(fresh, cluster)
  } catch (error) {
    fs.rmSync(fresh, { recursive: true, force: true })
    if (!fs.existsSync(path.join(cluster, 'PG_VERSION'))) throw error // otherwise another process was first
  }
}

/** Half-made clusters of processes that are gone. */
function removeAbandoned(cluster: string): void {
  const prefix = `${path.basename(cluster)}.new-`
  for (const name of fs.readdirSync(path.dirname(cluster))) {
    if (!name.startsWith(prefix)) continue
    if (isAlive(Number(name.slice(prefix.length)))) continue
    fs.rmSync(path.join(path.dirname(cluster), name), { recursive: true, force: true })
  }
}
