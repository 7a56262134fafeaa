import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { RedriveError } from '@redrive/worker'
import type { Account } from './account.ts'
import { clusterArgument } from './cluster.ts'
import { openLog } from './log-file.ts'
import { folderInUse, writeOwner } from './owner.ts'
import { isPostmaster, readPidFile } from './postmaster.ts'
import type { Runtime } from './runtime.ts'

/**
 * Runs PostgreSQL ("$@") and ends it when the pipe on descriptor 3 closes, which it does however its other end dies. The
 * server's pid goes out on descriptor 4. What the server does not inherit cannot keep a pipe open.
 */
const watchdog = `
"$@" 3<&- 4>&- & server=$!
echo $server >&4; exec 4>&-
{ read -r _ <&3; kill -INT $server; } 2>/dev/null & watch=$!
exec 3<&-
wait $server; code=$?
kill $watch 2>/dev/null
exit $code`

export interface ServerProcess {
  readonly pid: number
  /** Resolves when the server or its watchdog has ended. */
  readonly ended: Promise<'server'>
}

export interface ServerPlace {
  readonly dataDir: string
  readonly cluster: string
  readonly runtime: Runtime
  readonly account: Account | undefined
  readonly arguments: readonly string[]
}

/**
 * Starts PostgreSQL under its watchdog and waits until it takes connections. Faults: DATA_FOLDER_IN_USE (another server was
 * first), EMBEDDED_POSTGRES_FAILED with its last words in `data.log`.
 */
export async function startServer(place: ServerPlace): Promise<ServerProcess> {
  const log = openLog(place.dataDir)
  const child = spawn(
    '/bin/sh',
    [
      ...['-c', watchdog, 'redrive-watchdog', place.runtime.postgres],
      ...['-D', clusterArgument(place.cluster, place.account), ...place.arguments],
    ],
    {
      ...place.account,
      cwd: place.cluster,
      env: place.runtime.env,
      detached: true, // Ctrl-C in a terminal is for us; we stop it in our own order
      stdio: ['ignore', log.descriptor, log.descriptor, 'pipe', 'pipe'],
    },
  )
  fs.closeSync(log.descriptor)
  child.stdio[3]?.on('error', () => {})
  const ended = new Promise<'server'>((resolve) => {
    child.once('exit', () => resolve('server')).once('error', () => resolve('server'))
  })
  const pid = await reportedPid(child, ended)
  if (pid !== undefined && (await isReady(pid, { place, child }))) return { pid, ended }
  const other = readPidFile(place.cluster)
  if (other !== undefined && other.pid !== pid && isPostmaster(other.pid, place.cluster)) {
    throw folderInUse(place.dataDir, other.pid)
  }
  child.stdio[3]?.destroy() // had it only been slow, the watchdog ends it now
  const lines = log.lastLines()
  throw new RedriveError('EMBEDDED_POSTGRES_FAILED', `the embedded PostgreSQL did not start:\n${lines}`, {
    hint: cureFor(lines),
    data: { log: lines, cluster: place.cluster },
  })
}

async function reportedPid(child: ChildProcess, ended: Promise<unknown>): Promise<number | undefined> {
  const pipe = child.stdio[4] as Readable
  const line = new Promise<string>((resolve) => pipe.once('data', (bytes: Buffer) => resolve(bytes.toString())))
  const pid = Number(await Promise.race([line, ended.then(() => '')]))
  pipe.destroy()
  return pid > 0 ? pid : undefined
}

/**
 * Crash recovery of a large log may take minutes; ending early is what tells failure. The pid file decides who has the
 * cluster, so its owner is written as soon as that is ours: whoever comes meanwhile has to see it.
 */
async function isReady(pid: number, options: { place: ServerPlace; child: ChildProcess }): Promise<boolean> {
  const { place, child } = options
  const deadline = performance.now() + 10 * 60_000
  let isOwned = false
  while (performance.now() < deadline && child.exitCode === null && child.signalCode === null) {
    const file = readPidFile(place.cluster)
    if (file?.pid === pid) {
      if (!isOwned) writeOwner(place.dataDir)
      isOwned = true
      if (file.ready) return true
    }
    await sleep(10)
  }
  return false
}

function cureFor(lines: string): string {
  if (lines.includes('No space left on device')) return 'make space on the disk of the data folder and start again'
  if (lines.includes('shared memory')) return 'another PostgreSQL may still be stopping: start again in a few seconds'
  if (lines.includes('incompatible')) return 'the data folder is of another PostgreSQL version: choose another folder'
  return 'see postgres.log in the data folder; a new data folder starts empty'
}
