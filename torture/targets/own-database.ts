import { mkdirSync } from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { startEmbeddedPostgres } from '../../packages/server/src/store/embedded/index.ts'
import type { OwnDatabase } from './target.ts'

/** It is started again whenever it is killed. */
export async function startOwnDatabase(folder: string): Promise<OwnDatabase & { stop(): Promise<void> }> {
  const dataDir = path.join(folder, 'database')
  mkdirSync(dataDir, { recursive: true })
  const server = await startEmbeddedPostgres({ dataDir, settings: { max_connections: '200' } })
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  await client.query('create database redrive_queue')
  await client.end()
  const { host, port } = server.connection
  return {
    url: server.url,
    queueUrl: server.url.replace('/redrive?', '/redrive_queue?'),
    at: { path: path.join(host, `.s.PGSQL.${port}`) },
    pid: () => server.pid,
    stop: () => server.stop(),
  }
}

/** The letters' database as the office reaches it through a line. */
export function throughLine(port: number, database: 'redrive' | 'redrive_queue'): string {
  return `postgres://redrive@127.0.0.1:${port}/${database}`
}
