import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { startEmbeddedPostgres } from '../store/embedded/index.ts'
import { openStore } from '../store/store.ts'
import { quickFolder } from './quick-folder.ts'

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
  const server = await sharedServer()
  const database = await makeDatabase(server.url, 'template1')
  return { url: database.url, drop: () => database.drop().then(server.stop) }
}

/** The same, with the schema of an office: copied, which takes a tenth of the time of its migrations. */
export async function officeDatabase(): Promise<TestDatabase> {
  const server = await sharedServer()
  const database = await makeDatabase(server.url, await officeTemplate(server.url))
  return { url: database.url, drop: () => database.drop().then(server.stop) }
}

async function sharedServer(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const url = process.env['REDRIVE_TEST_DATABASE_URL']
  return url === undefined ? startTestServer() : { url, stop: async () => {} }
}

async function makeDatabase(serverUrl: string, template: string): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await ask(serverUrl, `create database ${name} template ${template} strategy file_copy`)
  return {
    url: urlOf(serverUrl, name),
    drop: () => ask(serverUrl, `drop database if exists ${name} with (force)`),
  }
}

/** Of this process, by the server's address: a session costs as much as what it is asked. */
const sessions = new Map<string, pg.Pool>()

async function ask(serverUrl: string, statement: string): Promise<void> {
  const session = sessions.get(serverUrl) ?? oneSession(serverUrl)
  sessions.set(serverUrl, session)
  await session.query(statement)
}

/** It ends with its process or its server, whichever is first. */
function oneSession(serverUrl: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: serverUrl, max: 1, idleTimeoutMillis: 0, allowExitOnIdle: true })
  pool.on('error', () => undefined)
  return pool
}

const template = 'office_template'
let templateOf: string | undefined

/** Made by the first that asks; the others, in other processes, wait for it. */
async function officeTemplate(serverUrl: string): Promise<string> {
  if (templateOf === serverUrl) return template
  await execute(serverUrl, async (client) => {
    await client.query(`select pg_advisory_lock(hashtext('${template}'))`)
    const { rowCount } = await client.query('select from pg_database where datname = $1', [template])
    if (rowCount === 1) return
    // Under another name until it is whole.
    await client.query(`drop database if exists ${template}_unfinished with (force)`)
    await client.query(`create database ${template}_unfinished strategy file_copy`)
    await (await openStore({ url: urlOf(serverUrl, `${template}_unfinished`), allowUnsafe: true })).close()
    await client.query(`alter database ${template}_unfinished rename to ${template}`)
  })
  templateOf = serverUrl
  return template
}

function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  return url.href
}

/** An embedded server without durability in a temporary folder that goes away with it. */
export async function startTestServer(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const dataDir = fs.mkdtempSync(path.join(quickFolder(), 'redrive-test-'))
  const server = await startEmbeddedPostgres({ dataDir, durable: false, settings: { max_connections: '200' } })
  return {
    url: server.url,
    async stop() {
      await server.stop()
      fs.rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

async function execute<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
