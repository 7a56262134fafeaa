import pg from 'pg'
import { migrate } from './migrate.ts'
import { ensurePartitions } from './partitions.ts'
import { reach } from './reach.ts'
import { checkSafety, checkVersion } from './safety.ts'
import { checkSessions } from './sessions.ts'

/** The one store: a pool on a PostgreSQL whose schema `redrive` is ours. Who opens it closes it. */
export interface Store {
  readonly pool: pg.Pool
  /**
   * Runs `work` in one transaction and commits it. When `work` throws, everything is rolled back and the error passed on.
   * An error of the commit itself leaves open whether it took effect: what must not happen twice has to be safe to run again.
   */
  transaction<T>(work: (client: pg.PoolClient) => Promise<T>, options?: TransactionOptions): Promise<T>
  close(): Promise<void>
}

export interface TransactionOptions {
  /** @default 'read committed' */
  readonly isolation?: 'read committed' | 'repeatable read'
  /** @default false */
  readonly readOnly?: boolean
}

export interface StoreOptions {
  /** `postgres://user:password@host:port/database`; a socket folder as `postgres://user@/database?host=/folder`. */
  readonly url: string
  /** @default 10 */
  readonly maxConnections?: number
  /** Told when connections are lost while nobody uses them. */
  readonly onTrouble?: (message: string) => void
  /** Accept a server that may lose what it confirmed (`fsync=off` and the like). For tests. @default false */
  readonly allowUnsafe?: boolean
}

const sessionSettings = `
  set search_path to redrive;
  set statement_timeout to '60s';
  set lock_timeout to '15s';
  set idle_in_transaction_session_timeout to '60s';
  set timezone to 'UTC';
  select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') in ('off', 'local')`

/**
 * Connects, refuses a server that is not durable and brings the schema up to date.
 * @throws DATABASE_UNREACHABLE, DATABASE_TOO_OLD, DATABASE_UNSAFE, MIGRATION_CHANGED, MIGRATION_NEWER
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const pool = makePool(options)
  try {
    await reach(pool, options.url)
    await checkVersion(pool)
    await checkSessions(pool)
    if (options.allowUnsafe !== true) await checkSafety(pool)
    await migrate(pool)
    await ensurePartitions(pool, Date.now())
  } catch (error) {
    await pool.end()
    throw error
  }
  return storeOn(pool)
}

/** Connections of its own to a database that is open already: who waits for one of these holds up nobody who uses others. */
export function openStoreBeside(options: Pick<StoreOptions, 'url' | 'maxConnections' | 'onTrouble'>): Store {
  return storeOn(makePool(options))
}

function storeOn(pool: pg.Pool): Store {
  return { pool, transaction: (work, how) => transaction(pool, work, how), close: () => pool.end() }
}

/** True for errors that say nothing about the statement: the connection or the server went away, or it is starting or full. */
export function isConnectionTrouble(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (/^(08|53|57P|58)/.test(code)) return true
  // XX000: "could not write to file" and the like; 25P03/57014: our own time-outs; 40001/40P01: worth another try.
  if (/^(ECONN|EPIPE|ENOENT|ETIMEDOUT|EHOST|ENET|EAI_|XX000|25P0|57014|40001|40P01|55P03)/.test(code)) return true
  return /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable/i.test(
    error.message,
  )
}

function makePool(options: StoreOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.maxConnections ?? 10,
    application_name: 'redrive',
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    onConnect: configure,
  })
  const tell = (error: Error): void => options.onTrouble?.(`the database connection was lost: ${error.message}`)
  pool.on('error', tell)
  // A connection that breaks while it is borrowed and idle would otherwise end the process.
  pool.on('connect', (client) => client.on('error', tell))
  return pool
}

/** The pool waits for what this returns, though its types do not say so. */
function configure(client: pg.ClientBase): unknown {
  return client.query(sessionSettings)
}

async function transaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const client = await pool.connect()
  let broken = true
  try {
    await client.query(
      `begin isolation level ${options.isolation ?? 'read committed'}${options.readOnly ? ' read only' : ''}`,
    )
    try {
      const result = await work(client)
      await client.query('commit')
      broken = false
      return result
    } catch (error) {
      broken = await client.query('rollback').then(
        () => false,
        () => true,
      )
      throw error
    }
  } finally {
    client.release(broken)
  }
}
