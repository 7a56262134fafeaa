import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { startEmbeddedPostgres } from '../store/embedded/index.ts'

export interface TestDatabase {
  readonly url: string
  /** Ends every session in it, whoever still holds one, and removes it. */
  drop(): Promise<void>
}

/**
 * A fresh, empty database on a server without durability: the one of REDRIVE_TEST_DATABASE_URL, which `npm test` sets, or
 * one of its own when a test file is run alone.
 */
export async function testDatabase(): Promise<TestDatabase> {
  const shared = process.env['REDRIVE_TEST_DATABASE_URL']
  const server = shared === undefined ? await startTestServer() : { url: shared, stop: async () => {} }
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await execute(server.url, `create database ${name} strategy file_copy`)
  const url = new URL(server.url)
  url.pathname = `/${name}`
  return {
    url: url.href,
    async drop() {
      await execute(server.url, `drop database if exists ${name} with (force)`)
      await server.stop()
    },
  }
}

/** An embedded server without durability in a temporary folder that goes away with it. */
export async function startTestServer(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'redrive-test-'))
  const server = await startEmbeddedPostgres({ dataDir, durable: false, settings: { max_connections: '200' } })
  return {
    url: server.url,
    async stop() {
      await server.stop()
      fs.rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
