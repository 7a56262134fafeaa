import { RedriveError } from '@redrive/worker'
import type pg from 'pg'

/**
 * Refuses a pooler that gives a connection to the server to somebody else after each transaction: locks and settings of a session would then be anybody's,
 * and by a lock the office knows whether a replay may still be sent. Two sessions that each have a server process of their own are told apart
 * by its number, which a pooler that mixes them has to give twice as soon as nobody else uses it.
 * @see https://www.pgbouncer.org/features.html
 * @throws DATABASE_UNSAFE
 */
export async function checkSessions(pool: pg.Pool): Promise<void> {
  const clients: pg.PoolClient[] = []
  try {
    const [one, other] = [await taken(pool, clients), await taken(pool, clients)]
    const seen: (readonly [number, number])[] = []
    for (let round = 0; round < rounds; round++) seen.push([await processOf(one), await processOf(other)])
    const [first] = seen
    const isOwn = seen.every(([mine, yours]) => mine !== yours && mine === first?.[0] && yours === first?.[1])
    if (!isOwn)
      throw new RedriveError(
        'DATABASE_UNSAFE',
        'the database is behind a pooler that gives connections away after each transaction: locks that say whether a replay may still be sent would be lost, and letters sent twice',
        { hint: 'Give the address of the server itself, or set the pool to session mode.' },
      )
  } finally {
    for (const client of clients) client.release()
  }
}

const rounds = 3

async function taken(pool: pg.Pool, clients: pg.PoolClient[]): Promise<pg.PoolClient> {
  const client = await pool.connect()
  clients.push(client)
  return client
}

async function processOf(client: pg.PoolClient): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return rows[0]?.pid ?? 0
}
