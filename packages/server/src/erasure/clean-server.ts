import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientBase } from 'pg'

/** Files of the log that wait to be used again are as many as 1 GB holds. */
const mostLogFiles = 128
/** Who removes files of the log hears of a setting later than who made it, on a busy machine by seconds. */
const patienceMs = 60_000

/**
 * Takes what was written into the log, and the planner's samples, out of the files of a server of the office's own. Files of the log are used again with
 * what is in them, which makes writing faster; not while this removes them.
 * @returns whether it is done; `false`: files wait to be used again all the same
 */
export async function cleanServer(client: ClientBase): Promise<boolean> {
  await client.query('vacuum full pg_catalog.pg_statistic')
  await client.query('alter system set wal_recycle = off')
  await client.query('select pg_reload_conf()')
  try {
    await client.query('checkpoint')
    for (const until = performance.now() + patienceMs; performance.now() < until; await sleep(100)) {
      await useUp(client)
      await client.query('checkpoint')
      // Those behind were removed, and not laid in front with what is in them.
      if (!(await hasFilesAhead(client))) return true
    }
    return false
  } finally {
    await client.query('alter system reset wal_recycle')
    await client.query('select pg_reload_conf()')
  }
}

/** Writes over the files that wait, and leaves the one in use. */
async function useUp(client: ClientBase): Promise<void> {
  for (let n = 0; n < mostLogFiles && (await hasFilesAhead(client)); n++) {
    await nextLogFile(client)
    if (n % 16 === 15) await client.query('checkpoint')
  }
  await nextLogFile(client)
}

async function hasFilesAhead(client: ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ some: boolean }>(
    `select exists (select from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$' and name > pg_walfile_name(pg_current_wal_insert_lsn())) as some`,
  )
  return rows[0]?.some === true
}

/** A file in which nothing was written yet is not left. */
async function nextLogFile(client: ClientBase): Promise<void> {
  await client.query(`select pg_logical_emit_message(false, 'redrive', '')`)
  await client.query('select pg_switch_wal()')
}
