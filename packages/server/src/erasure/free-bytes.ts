import { setTimeout as sleep } from 'node:timers/promises'
import type { PoolClient } from 'pg'
import { monthNamed, rewritePartition } from '../retention/index.ts'
import type { Store } from '../store/store.ts'
import { cleanServer } from './clean-server.ts'

/** In these a letter's text may have stood, or its bytes. Months of letter_content come besides. */
const tables = [
  'letter_version', 'letter_line', 'key_line', 'release_notice', 'unsettled', 'cause', 'cause_shape', 'cause_rule_value', 'cause_event', 'alert',
  'notification', 'notifier', 'audit', 'plan', 'plan_letter', 'discard', 'discard_letter', 'transform', 'transform_letter', 'intent', 'run', 'review',
  'retention_pass', 'archive', 'tombstone', 'erasure', 'erasure_text', 'traffic_sample',
] as const // biome-ignore format: the names read better in lines

/** Letters of a month may still be captured for a moment after it. */
const settlesMs = 86_400_000
/** Somebody may read what was there for so long. */
const patienceMs = 60_000

/**
 * Takes what was deleted out of the database's files: PostgreSQL only marks rows as gone. Tables are written anew, samples of their values in the
 * planner's statistics too, and on a server of the office's own the log before that is removed. Nobody writes into a table while it is written anew,
 * and it is locked for reading as well but for months that are over.
 * @returns what cannot be done from here, or null when something is in the way now
 */
export async function freeBytes(
  store: Store,
  options: {
    readonly partitions: readonly string[]
    /** The newest transaction that deleted something; text. */
    readonly lastChange: string | null
    /** The office's own server, of which it may ask everything. */
    readonly ownsServer: boolean
    readonly signal: AbortSignal
  },
): Promise<readonly string[] | null> {
  const { lastChange, signal } = options
  const client = await store.pool.connect()
  let isBroken = true
  try {
    // Everybody waits behind who waits for a whole table: not for longer than this.
    await client.query("set statement_timeout to 0; set lock_timeout to '3s'")
    if (lastChange !== null && !(await isSeenByNobody(client, lastChange, signal))) return null
    const busy = await rewriteMonths(store, client, options.partitions)
    if (busy || signal.aborted) return null
    for (const table of tables) await client.query(`vacuum (full, analyze) redrive.${table}`)
    await client.query('analyze redrive.letter_content')
    const left = options.ownsServer ? ((await cleanServer(client)) ? [] : null) : await cleanAsFarAsAllowed(client)
    isBroken = false
    return left
  } catch (error) {
    if (!isLockTimeout(error)) throw error
    isBroken = false
    return null
  } finally {
    // The time-outs of the session are as they were for whoever takes it next.
    isBroken = await client.query("set statement_timeout to '60s'; set lock_timeout to '15s'").then(
      () => isBroken,
      () => true,
    )
    client.release(isBroken)
  }
}

function isLockTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === '55P03' || error.code === '40P01')
}

/**
 * Rows that an old transaction may still read are written anew as well: it has to end first. Whose transactions are how old is shown to nobody but a superuser;
 * a table that was frozen says how far back the server looks for whoever reads, standbys and prepared transactions included.
 * @see https://www.postgresql.org/docs/18/routine-vacuuming.html#VACUUM-FOR-WRAPAROUND
 */
async function isSeenByNobody(client: PoolClient, lastChange: string, signal: AbortSignal): Promise<boolean> {
  const until = performance.now() + patienceMs
  while (!signal.aborted) {
    await client.query(`vacuum (freeze) ${probe}`)
    const { rows } = await client.query<{ seen: boolean }>(
      `select age(relfrozenxid) >= age($1::xid8::xid) as seen from pg_class where oid = '${probe}'::regclass`,
      [lastChange],
    )
    if (rows[0]?.seen === false) return true
    if (performance.now() > until) return false
    await sleep(250)
  }
  return false
}

/** Small, and hardly ever written. */
const probe = 'redrive.migration'

/** @returns whether one of them could not be done now */
async function rewriteMonths(store: Store, client: PoolClient, partitions: readonly string[]): Promise<boolean> {
  const { rows } = await client.query<{ now: Date; names: string[] }>(
    `select now(), array(select relname::text from pg_class where relnamespace = 'redrive'::regnamespace and relname = any($1)) as names`,
    [partitions],
  )
  const [{ now, names } = { now: new Date(), names: [] }] = rows
  let isBusy = false
  for (const name of names) {
    const month = monthNamed(name)
    const isOver = now.getTime() >= month.endMs + settlesMs
    if (isOver) isBusy = (await rewritePartition(store, month)) === false || isBusy
    else await client.query(`vacuum (full, analyze) redrive.${name}`)
  }
  if (names.length < partitions.length) await client.query('vacuum (full, analyze) redrive.letter_content_other')
  return isBusy
}

async function cleanAsFarAsAllowed(client: PoolClient): Promise<readonly string[]> {
  const { rows } = await client.query<{ statistics: boolean; checkpoint: boolean }>(
    `select pg_has_role(current_user, datdba, 'usage') or current_setting('is_superuser') = 'on' as statistics,
       pg_has_role(current_user, 'pg_checkpoint', 'usage') as checkpoint
     from pg_database where datname = current_database()`,
  )
  const left = ['log', 'replicas-and-backups']
  if (rows[0]?.statistics === true) await client.query('vacuum full pg_catalog.pg_statistic')
  else left.unshift('statistics')
  if (rows[0]?.checkpoint === true) await client.query('checkpoint')
  else left.unshift('checkpoint')
  return left
}
