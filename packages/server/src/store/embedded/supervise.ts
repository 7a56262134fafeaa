import { setTimeout as sleep } from 'node:timers/promises'
import { isRedriveError, RedriveError } from '@redrive/worker'
import type pg from 'pg'
import { reasonOf } from '../../reason-of.ts'
import { freeBytes, releaseBallast } from './disk.ts'
import { folderInUse, removeOwner } from './owner.ts'
import { clearStaleFiles, stopPostmaster } from './postmaster.ts'
import { type ServerPlace, type ServerProcess, startServer } from './server-process.ts'
import { connect, tryLock } from './socket.ts'

export interface Supervisor {
  /** The server's pid; 0 while there is none. */
  pid(): number
  stop(): Promise<void>
}

interface Running {
  readonly server: ServerProcess
  /** Holds the folder's lock; undefined while it has to be taken again. */
  session: pg.Client | undefined
}

/** Starts the server, holds the folder's lock in it, and starts it again whenever it ends unasked. */
export async function supervise(
  place: ServerPlace,
  options: { host: string; database: string; onTrouble: (message: string) => void },
): Promise<Supervisor> {
  const stopping = new AbortController()
  let running: Running | undefined = await startOwned(place, options).catch((error: unknown) => {
    removeOwner(place.dataDir)
    throw error
  })
  const watching = watch()

  async function watch(): Promise<void> {
    while (!stopping.signal.aborted) {
      if (running === undefined) {
        running = await restart()
        continue
      }
      const { server, session } = running
      const what = await Promise.race([server.ended, sessionEnd(session), aborted(stopping.signal)])
      if (what === 'session') await relock(running)
      if (what !== 'server' || stopping.signal.aborted) continue
      options.onTrouble('the embedded PostgreSQL ended unexpectedly; starting it again')
      running = undefined
      await stopPostmaster(server.pid, place.cluster) // only its watchdog may have been killed
    }
  }

  async function restart(): Promise<Running | undefined> {
    for (let failures = 0; !stopping.signal.aborted; failures++) {
      try {
        const started = await startOwned(place, options)
        options.onTrouble('the embedded PostgreSQL runs again')
        return started
      } catch (error) {
        options.onTrouble(error instanceof Error ? error.message : String(error))
        await sleep(Math.min(250 * 2 ** failures, 10_000), undefined, { signal: stopping.signal }).catch(() => {})
      }
    }
    return undefined
  }

  /** One server process that crashed takes every session with it while the server itself goes on. */
  async function relock(owned: Running): Promise<void> {
    owned.session = undefined
    try {
      owned.session = await lockedSession(place, options.host)
    } catch (error) {
      if (isRedriveError(error, 'DATA_FOLDER_IN_USE')) options.onTrouble(error.message)
      await sleep(250, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }

  let stopped: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    stopping.abort()
    await watching
    if (running !== undefined) {
      await running.session?.end().catch(() => {})
      await stopPostmaster(running.server.pid, place.cluster)
      await running.server.ended
      running = undefined
    }
    removeOwner(place.dataDir)
  }
  return {
    pid: () => running?.server.pid ?? 0,
    stop: () => {
      stopped ??= stop()
      return stopped
    },
  }
}

/** A running server whose lock is ours and which has the office's database. */
async function startOwned(place: ServerPlace, options: { host: string; database: string }): Promise<Running> {
  clearStaleFiles(place.cluster)
  const server = await startPatiently(place)
  try {
    const session = await lockedSession(place, options.host)
    const { rowCount } = await session.query('select from pg_database where datname = $1', [options.database])
    if (rowCount === 0) await session.query(`create database "${options.database}" strategy file_copy`)
    return { server, session }
  } catch (error) {
    await stopPostmaster(server.pid, place.cluster)
    if (isRedriveError(error)) throw error
    throw new RedriveError(
      'EMBEDDED_POSTGRES_FAILED',
      `the embedded PostgreSQL started, but could not be used: ${reasonOf(error)}`,
      {
        cause: error,
        hint: 'start again; postgres.log in the data folder says whether somebody ended it',
        data: { log: '', cluster: place.cluster },
      },
    )
  }
}

async function lockedSession(place: ServerPlace, host: string): Promise<pg.Client> {
  const session = await connect(host)
  if (await tryLock(session)) return session
  await session.end()
  throw folderInUse(place.dataDir, undefined)
}

/** Two reasons not to start pass: processes of the one before are still ending, and a disk that is full but for our ballast. */
async function startPatiently(place: ServerPlace): Promise<ServerProcess> {
  const deadline = performance.now() + 15_000
  for (;;) {
    try {
      return await startServer(place)
    } catch (error) {
      if (!isRedriveError(error, 'EMBEDDED_POSTGRES_FAILED') || !isPassing(error, { place, deadline })) throw error
    }
    await sleep(100)
  }
}

function isPassing(error: RedriveError, options: { place: ServerPlace; deadline: number }): boolean {
  const log = String(error.data['log'])
  if (log.includes('pre-existing shared memory block')) return performance.now() < options.deadline
  // The log lies on the same disk: a full one may have swallowed the line that says so.
  const isFull = log.includes('No space left on device') || freeBytes(options.place.dataDir) < 32 * 1024 * 1024
  return isFull && releaseBallast(options.place.dataDir)
}

function sessionEnd(session: pg.Client | undefined): Promise<'session'> | 'session' {
  if (session === undefined) return 'session'
  return new Promise((resolve) => session.once('end', () => resolve('session')))
}

function aborted(signal: AbortSignal): Promise<'stop'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('stop')
    signal.addEventListener('abort', () => resolve('stop'), { once: true })
  })
}
