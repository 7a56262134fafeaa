import type { PoolClient } from 'pg'

/** Any number: whoever changes alerts takes turns, also with other offices on the database. */
const lockKey = 0x7ed21e05

/** Until the end of the transaction. @returns the database's time, or `null` while somebody else has the turn */
export async function takeTurn(client: PoolClient): Promise<number | null> {
  const { rows } = await client.query<{ mine: boolean; now: Date }>(
    'select pg_try_advisory_xact_lock($1) as mine, clock_timestamp() as now',
    [lockKey],
  )
  return rows[0]?.mine === true ? rows[0].now.getTime() : null
}

/** The same, after those who have it. */
export async function waitForTurn(client: PoolClient): Promise<number> {
  await client.query('select pg_advisory_xact_lock($1)', [lockKey])
  const { rows } = await client.query<{ now: Date }>('select clock_timestamp() as now')
  return rows[0]?.now.getTime() ?? 0
}
