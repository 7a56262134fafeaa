import { RedriveError } from '@redrive/worker'
import type pg from 'pg'

const wanted = [
  { setting: 'fsync', why: 'a power cut would lose or corrupt letters that were already acknowledged' },
  { setting: 'full_page_writes', why: 'a power cut in the middle of a page write would corrupt it beyond repair' },
] as const

/**
 * Refuses a server that may lose what it confirmed. `synchronous_commit` is put right for our own connections; when that is
 * refused too, so is the server.
 * @throws DATABASE_UNSAFE
 */
export async function checkSafety(pool: pg.Pool): Promise<void> {
  for (const { setting, why } of wanted) {
    const value = await show(pool, setting)
    if (value === 'off') throw unsafe(setting, why)
  }
  const commit = await show(pool, 'synchronous_commit')
  if (commit === 'off' || commit === 'local') {
    throw unsafe('synchronous_commit', 'a commit would be confirmed before it is on disk')
  }
}

/** Statements use `uuidv7()` and `returning old, new`, both new in PostgreSQL 18. */
const oldestVersion = 180_000

/** @throws DATABASE_TOO_OLD */
export async function checkVersion(pool: pg.Pool): Promise<void> {
  const version = Number(await show(pool, 'server_version_num'))
  if (version >= oldestVersion) return
  const name = await show(pool, 'server_version')
  throw new RedriveError('DATABASE_TOO_OLD', `the database is PostgreSQL ${name}: version 18 or newer is needed`, {
    hint: 'Upgrade it, or leave REDRIVE_DATABASE_URL out: an embedded PostgreSQL runs then.',
    data: { version: name },
  })
}

async function show(pool: pg.Pool, setting: string): Promise<string> {
  const { rows } = await pool.query<{ value: string }>('select current_setting($1) as value', [setting])
  return rows[0]?.value ?? ''
}

function unsafe(setting: string, why: string): RedriveError {
  return new RedriveError('DATABASE_UNSAFE', `the database runs with ${setting}=off: ${why}`, {
    hint: `Run "alter system set ${setting} to on", reload the server (select pg_reload_conf()) and start again.`,
    data: { setting },
  })
}
