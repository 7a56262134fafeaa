import type pg from 'pg'
import { advisoryLocks } from './advisory-locks.ts'
import { firstUuidAt } from './uuid.ts'

/** A table of letter_content, and the ids that belong in it: `to` is the first that does not. */
export interface ContentPartition {
  readonly name: string
  readonly from: string
  readonly to: string
}

/** How many months beyond the current one exist ahead of time. */
const monthsAhead = 2
/** Letters of a few KB stay in the row instead of being cut into chunks. */
export const contentStorage = 'toast_tuple_target = 8160'

/**
 * Makes the monthly partitions of letter_content for this month and the next two. Cheap when they exist. Capture never waits for it:
 * without a partition of its own a letter goes to the default one.
 */
export async function ensurePartitions(pool: pg.Pool, nowMs: number): Promise<void> {
  const wanted = Array.from({ length: monthsAhead + 1 }, (_, n) => monthOf(nowMs, n))
  const { rows } = await pool.query<{ name: string }>(
    'select relname as name from pg_class where relname = any($1) and relnamespace = $2::regnamespace',
    [wanted.map(({ name }) => name), 'redrive'],
  )
  const known = new Set(rows.map(({ name }) => name))
  const missing = wanted.filter(({ name }) => !known.has(name))
  if (missing.length === 0) return
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query('select pg_advisory_xact_lock($1)', [advisoryLocks.makePartitions])
    for (const { name, from, to } of missing) {
      await client.query(
        `create table if not exists ${name} partition of letter_content for values from ('${from}') to ('${to}') with (${contentStorage})`,
      )
    }
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}

/** Of the month so many after that of the instant. */
export function monthOf(nowMs: number, offset: number): ContentPartition {
  const now = new Date(nowMs)
  const start = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset, 1))
  const end = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset + 1, 1))
  const name = `letter_content_${start.toISOString().slice(0, 7).replace('-', '_')}`
  return { name, from: firstUuidAt(start.getTime()), to: firstUuidAt(end.getTime()) }
}
