import pg from 'pg'
import type { Config } from '../config/index.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded/index.ts'
import { reach } from './reach.ts'
import { checkSafety, checkVersion } from './safety.ts'
import { checkSessions } from './sessions.ts'

/** The server the office keeps everything in: its own embedded one, or one of the user's. */
export interface Database {
  readonly url: string
  /** The folder whose space runs out when letters come in; `null` for a server elsewhere. */
  readonly folder: string | null
  readonly embedded: EmbeddedPostgres | null
  /** Ends the embedded server; leaves others alone. */
  stop(): Promise<void>
}

/** @throws DATA_FOLDER_IN_USE, EMBEDDED_POSTGRES_MISSING, EMBEDDED_POSTGRES_FAILED */
export async function openDatabase(
  config: Pick<Config, 'data' | 'database'>,
  tell: (line: string) => void,
): Promise<Database> {
  if (config.database !== null)
    return { url: config.database, folder: null, embedded: null, stop: async () => undefined }
  const embedded = await startEmbeddedPostgres({ dataDir: config.data, onTrouble: tell })
  return { url: embedded.url, folder: config.data, embedded, stop: () => embedded.stop() }
}

/** Whether a server of the user's answers; changes nothing. @throws DATABASE_UNREACHABLE */
export function reachDatabase(url: string): Promise<void> {
  return tried(url, async () => undefined)
}

/** Whether letters can be trusted to it as well. @throws DATABASE_UNREACHABLE, DATABASE_TOO_OLD, DATABASE_UNSAFE */
export function tryDatabase(url: string, options: { readonly allowUnsafe?: boolean } = {}): Promise<void> {
  return tried(url, async (pool) => {
    await checkVersion(pool)
    await checkSessions(pool)
    if (options.allowUnsafe !== true) await checkSafety(pool)
  })
}

async function tried(url: string, work: (pool: pg.Pool) => Promise<void>): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: 2, connectionTimeoutMillis: 10_000 })
  pool.on('error', () => undefined)
  try {
    await reach(pool, url)
    await work(pool)
  } finally {
    await pool.end().catch(() => undefined)
  }
}

/** A database of its own, beside the office's in the same server, for the embedded queue; made when missing. */
export async function embeddedQueueUrl(database: Database): Promise<string> {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [queueDatabase])
    if (rowCount === 0) await client.query(`create database ${queueDatabase}`)
  } finally {
    await client.end()
  }
  const url = new URL(database.url)
  url.pathname = `/${queueDatabase}`
  return url.toString()
}

const queueDatabase = 'redrive_queue'
