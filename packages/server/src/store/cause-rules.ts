import type pg from 'pg'
import { advisoryLocks } from './advisory-locks.ts'

/**
 * Holds the rules as they are until the transaction ends: whoever changes them waits for it, so a letter is never committed by rules that no longer
 * count. A lock of its own and not the row's: who waits to change is not overtaken for ever by captures that come later.
 * @returns the version of the rules
 */
export async function holdRules(client: pg.PoolClient): Promise<string> {
  // Two statements in one message: the second has to see what was committed while the first waited.
  const results = (await client.query(
    `select pg_advisory_xact_lock_shared(${advisoryLocks.causeRules}); select version from cause_rule_version`,
  )) as unknown as readonly pg.QueryResult<{ version: string }>[]
  return results[1]?.rows[0]?.version ?? '0'
}

/** Alone with the rules until the transaction ends, which makes them another version. */
export async function lockRules(client: pg.PoolClient): Promise<void> {
  await client.query('select pg_advisory_xact_lock($1)', [advisoryLocks.causeRules])
}

export async function raiseRulesVersion(client: pg.PoolClient): Promise<void> {
  await client.query('update cause_rule_version set version = version + 1')
}
