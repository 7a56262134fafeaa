import { randomUUID } from 'node:crypto'
import { after } from 'node:test'
import pg from 'pg'

const serverUrl = process.env['REDRIVE_TEST_DATABASE_URL']
if (serverUrl === undefined)
  throw new Error('needs a PostgreSQL: REDRIVE_TEST_DATABASE_URL=postgres://… (npm test brings one)')

const name = `worker_${randomUUID().replaceAll('-', '')}`
await execute(serverUrl, `create database ${name}`)
after(async () => {
  await execute(serverUrl, `drop database ${name} with (force)`)
})

/** A database of this test file's own. */
export const databaseUrl: string = Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href

/** Ended before the database goes. */
export function openPool(): pg.Pool {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 })
  pool.on('error', () => undefined)
  after(() => pool.end())
  return pool
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
