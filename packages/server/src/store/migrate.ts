import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { RedriveError } from '@redrive/worker'
import type pg from 'pg'
import { advisoryLocks } from './advisory-locks.ts'

export interface MigrateOptions {
  /** Folder of `NNNN-name.sql` files. @default the ones beside this module */
  readonly folder?: URL
}

/**
 * Brings the schema up to date: forward only, a transaction per file, one process at a time. Does nothing when all is applied.
 * @returns the names of the files it applied
 * @throws MIGRATION_CHANGED (an applied file was edited), MIGRATION_NEWER (the database knows files this code does not)
 */
export async function migrate(pool: pg.Pool, options: MigrateOptions = {}): Promise<readonly string[]> {
  const files = await readMigrations(options.folder ?? new URL('./migrations/', import.meta.url))
  if (missing(files, await applied(pool)).length === 0) return []
  const client = await pool.connect()
  try {
    await client.query(`set lock_timeout to '5min'; set statement_timeout to 0`)
    // Two offices on one database migrate one after the other.
    await client.query('select pg_advisory_lock($1)', [advisoryLocks.migrate])
    await client.query('create schema if not exists redrive')
    await client.query(`create table if not exists redrive.migration
      (name text primary key, checksum text not null, applied_at timestamptz not null default now())`)
    return await apply(client, missing(files, await applied(client)))
  } finally {
    // It carries the lock and settings of its own: its end releases both.
    client.release(true)
  }
}

interface Migration {
  readonly name: string
  readonly sql: string
  readonly checksum: string
}

async function readMigrations(folder: URL): Promise<readonly Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  return Promise.all(
    names.map(async (name) => {
      const sql = (await readFile(new URL(name, folder), 'utf8')).replaceAll('\r\n', '\n')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}

async function applied(connection: pg.Pool | pg.PoolClient): Promise<ReadonlyMap<string, string>> {
  const exists = await connection.query<{ found: boolean }>(
    `select to_regclass('redrive.migration') is not null as found`,
  )
  if (exists.rows[0]?.found !== true) return new Map()
  const { rows } = await connection.query<{ name: string; checksum: string }>(
    'select name, checksum from redrive.migration',
  )
  return new Map(rows.map(({ name, checksum }) => [name, checksum]))
}

function missing(files: readonly Migration[], known: ReadonlyMap<string, string>): readonly Migration[] {
  const names = new Set(files.map(({ name }) => name))
  const newer = [...known.keys()].filter((name) => !names.has(name)).sort()
  if (newer.length > 0) {
    throw new RedriveError(
      'MIGRATION_NEWER',
      `the database was written by a newer version: it has ${newer.join(', ')}`,
      {
        hint: 'Start the version that wrote it, or a later one. There is no way back except a backup taken before the upgrade.',
        data: { migrations: newer },
      },
    )
  }
  for (const { name, checksum } of files) {
    if ((known.get(name) ?? checksum) === checksum) continue
    throw new RedriveError('MIGRATION_CHANGED', `${name} is not the file that was applied to this database`, {
      hint: 'Install an untouched release. Changes to the schema belong into a new file.',
      data: { migration: name },
    })
  }
  return files.filter(({ name }) => !known.has(name))
}

async function apply(client: pg.PoolClient, migrations: readonly Migration[]): Promise<readonly string[]> {
  for (const { name, sql, checksum } of migrations) {
    await client.query('begin')
    try {
      await client.query('set local search_path to redrive')
      await client.query(sql)
      await client.query('insert into redrive.migration (name, checksum) values ($1, $2)', [name, checksum])
      await client.query('commit')
    } catch (error) {
      await client.query('rollback')
      throw error
    }
  }
  return migrations.map(({ name }) => name)
}
