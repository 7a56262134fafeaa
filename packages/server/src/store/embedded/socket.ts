import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { superuser } from './cluster.ts'

/** The port is only part of the socket's name: nothing listens on the network. */
export const port = 5432

/** A folder through which clients reach the server's socket. */
export interface SocketFolder {
  readonly host: string
  remove(): void
}

/**
 * The socket lies in the cluster. Where that path is too long for a socket address (107 bytes on Linux, 103 on macOS), a
 * private temporary folder holds a link to it.
 */
export function socketFolder(cluster: string): SocketFolder {
  const limit = process.platform === 'darwin' ? 103 : 107
  if (Buffer.byteLength(`${cluster}/.s.PGSQL.${port}`) <= limit) return { host: cluster, remove: () => {} }
  const private_ = fs.mkdtempSync(path.join(os.tmpdir(), 'redrive-'))
  const host = path.join(private_, 's')
  fs.symlinkSync(cluster, host)
  return { host, remove: () => fs.rmSync(private_, { recursive: true, force: true }) }
}

/** A connected session in the maintenance database. */
export async function connect(host: string): Promise<pg.Client> {
  const client = new pg.Client({ host, port, user: superuser, database: 'postgres', connectionTimeoutMillis: 10_000 })
  client.on('error', () => {}) // the server going away is noticed by its exit
  await client.connect()
  return client
}

/** The folder's owner holds this session lock: it ends with its owner, whatever ended that. */
export async function tryLock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock(8311326) as locked')
  return rows[0]?.locked === true
}
