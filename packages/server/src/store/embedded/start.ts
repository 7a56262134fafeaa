import fs from 'node:fs'
import path from 'node:path'
import { postgresAccount } from './account.ts'
import { ensureCluster, superuser } from './cluster.ts'
import { ensureBallast } from './disk.ts'
import { prepareRuntime } from './runtime.ts'
import { settingArguments } from './settings.ts'
import { port, socketFolder } from './socket.ts'
import { supervise } from './supervise.ts'
import { takeOver } from './take-over.ts'

/** The office's database in the embedded server. */
const database = 'redrive'

export interface EmbeddedPostgres {
  readonly connection: {
    /** The folder of its socket. */
    readonly host: string
    readonly port: number
    readonly user: string
    readonly database: string
  }
  /** The same as a connection string that `pg` understands. */
  readonly url: string
  /** Of the server at this moment: another one after a crash; 0 while there is none. */
  readonly pid: number
  /** Ends the server; resolves when it is gone. Calling it again does nothing. */
  stop(): Promise<void>
}

export interface EmbeddedPostgresOptions {
  /** Made when missing. The server's files are in `postgres-18` in it. */
  readonly dataDir: string
  /** Default true. False (no fsync) is for tests only. */
  readonly durable?: boolean
  /** PostgreSQL settings over the office's own. */
  readonly settings?: Readonly<Record<string, string>>
  /** Told of crashes and of each failed restart. */
  readonly onTrouble?: (message: string) => void
}

/**
 * Starts PostgreSQL in a data folder and keeps it running until `stop`, restarting it when it dies. It ends by itself when
 * this process is gone. Faults: DATA_FOLDER_IN_USE, EMBEDDED_POSTGRES_MISSING, EMBEDDED_POSTGRES_FAILED.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = path.resolve(options.dataDir)
  const durable = options.durable ?? true
  fs.mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const account = postgresAccount()
  const runtime = prepareRuntime({ dataDir, account })
  const cluster = path.join(fs.realpathSync(dataDir), 'postgres-18')
  ensureCluster(cluster, { runtime, account, durable })
  const socket = socketFolder(cluster)
  try {
    await takeOver({ dataDir, cluster, host: socket.host })
    const supervisor = await supervise(
      { dataDir, cluster, runtime, account, arguments: settingArguments({ durable, settings: options.settings }) },
      { host: socket.host, database, onTrouble: options.onTrouble ?? (() => {}) },
    )
    if (durable) ensureBallast(dataDir)
    return {
      connection: { host: socket.host, port, user: superuser, database },
      url: `postgres://${superuser}@localhost:${port}/${database}?host=${encodeURIComponent(socket.host)}`,
      get pid() {
        return supervisor.pid()
      },
      async stop() {
        await supervisor.stop()
        socket.remove()
      },
    }
  } catch (error) {
    socket.remove()
    throw error
  }
}
