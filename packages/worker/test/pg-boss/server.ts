import { randomUUID } from 'node:crypto'
import { after } from 'node:test'
import { type PgBossOptions, pgBossBroker } from '@redrive/worker/pg-boss'
import pg from 'pg'
import { PgBoss } from 'pg-boss'
import type { Broker } from '../../src/broker.ts'
import { type LossyProxy, startLossyProxy } from '../lossy-proxy.ts'

const serverUrl = process.env['REDRIVE_TEST_DATABASE_URL']
if (serverUrl === undefined)
  throw new Error('needs a PostgreSQL: REDRIVE_TEST_DATABASE_URL=postgres://… (npm test brings one)')

/** A database of this file's own. */
const database = `pg_boss_${randomUUID().replaceAll('-', '')}`
await query(serverUrl, `create database ${database}`)
const opened = new Set<{ close(): Promise<void> }>()
after(async () => {
  await Promise.all([...opened].map((each) => each.close()))
  await query(serverUrl, `drop database ${database} with (force)`)
})

export const databaseUrl: string = Object.assign(new URL(serverUrl), { pathname: `/${database}` }).href

export function sql(text: string, values: readonly unknown[] = []): Promise<readonly Record<string, unknown>[]> {
  return query(databaseUrl, text, values)
}

async function query(
  url: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query(text, [...values])).rows as Record<string, unknown>[]
  } finally {
    await client.end()
  }
}

export async function proxied(): Promise<{ readonly proxy: LossyProxy; readonly url: string }> {
  const url = new URL(databaseUrl)
  const folder = url.searchParams.get('host')
  const port = url.port || '5432'
  const proxy = await startLossyProxy(
    folder === null ? { host: url.hostname, port: Number(port) } : { path: `${folder}/.s.PGSQL.${port}` },
  )
  opened.add(proxy)
  url.searchParams.delete('host')
  url.hostname = '127.0.0.1'
  url.port = String(proxy.port)
  return { proxy, url: url.href }
}

export interface Wired {
  readonly broker: Broker
  readonly boss: PgBoss
  /** Ends its connections to the database. */
  cut(): Promise<void>
  /** Its connections are gone and it gets no other one. */
  crash(): Promise<void>
}

let count = 0

/** A started pg-boss with its adapter. Its own supervision is off, so that nothing else than the adapter brings jobs back. */
export async function wire(options: Omit<PgBossOptions, 'boss'> = {}, url: string = databaseUrl): Promise<Wired> {
  count += 1
  const name = `wired-${process.pid}-${count}`
  const boss = new PgBoss({
    connectionString: url,
    application_name: name,
    supervise: false,
    monitorIntervalSeconds: 1,
    schedule: false,
    max: 4,
    connectionTimeoutMillis: 1_000,
  })
  boss.on('error', () => undefined)
  await boss.start()
  const broker = pgBossBroker({ boss, ...options })
  const pool = boss.getDb() as unknown as { close(): Promise<void> }
  opened.add({
    async close() {
      await broker.close()
      await boss.stop({ graceful: false }).catch(() => undefined)
    },
  })
  return {
    broker,
    boss,
    async cut() {
      await sql('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [name])
    },
    crash: () => pool.close(),
  }
}
