import type { PoolClient } from 'pg'
import { advisoryLocks } from '../store/advisory-locks.ts'

/** Whoever changes alerts takes turns, also with other offices on the database. Until the end of the transaction. @returns the database's time, or `null` while somebody else has the turn */
export async function takeTurn(client: PoolClient): Promise<number | null> {
  const { rows } = await client.query<{ mine: boolean; now: Date }>(
    'select pg_try_advisory_xact_lock($1) as mine, clock_timestamp() as now',
    [advisoryLocks.lookForAlerts],
  )
  return rows[0]?.mine === true ? rows[0].now.getTime() : null
}

/** The same, after those who have it. */
export async function waitForTurn(client: PoolClient): Promise<number> {
  await client.query('select pg_advisory_xact_lock($1)', [advisoryLocks.lookForAlerts])
  const { rows } = await client.query<{ now: Date }>('select clock_timestamp() as now')
  return rows[0]?.now.getTime() ?? 0
}
