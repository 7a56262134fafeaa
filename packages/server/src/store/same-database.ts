import { randomBytes } from 'node:crypto'
import pg from 'pg'

/**
 * Whether a queue's address leads to the same running database as the office's, so that one transaction can hold what is written to both; and
 * whether the office may do there what the queue's own role may. A lock that one session takes is seen by another only in the same database
 * of the same server: addresses can look different and mean one, and a copy of a server calls itself by the same identifier.
 * Takes two connections for a moment, changes nothing. Who cannot be asked is another database.
 */
export async function isSameDatabase(officeUrl: string, queueUrl: string): Promise<boolean> {
  const [office, queue] = [clientOf(officeUrl), clientOf(queueUrl)]
  const key = (randomBytes(8).readBigUInt64BE() >> 2n).toString()
  const take = 'select pg_try_advisory_xact_lock($1) as free, current_user as role'
  try {
    await Promise.all([office.connect(), queue.connect()])
    // A transaction's lock, so that it holds behind a pooler as well.
    await office.query('begin')
    await office.query(take, [key])
    const { rows } = await queue.query<{ free: boolean; role: string }>(take, [key])
    const [asked] = rows
    if (asked === undefined || asked.free) return false
    const may = await office.query<{ may: boolean }>(`select pg_has_role($1, 'usage') as may`, [asked.role])
    return may.rows[0]?.may === true
  } catch {
    return false
  } finally {
    await Promise.all([office, queue].map((client) => client.end().catch(() => undefined)))
  }
}

function clientOf(url: string): pg.Client {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  client.on('error', () => undefined)
  return client
}
