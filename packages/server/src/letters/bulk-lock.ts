import type { PoolClient } from 'pg'
import { advisoryLocks } from '../store/advisory-locks.ts'

/**
 * Whoever changes the state of many letters by its own choice takes this first, until its transaction ends: two sets with common letters
 * would otherwise wait for each other for ever, since a set is locked in whatever order is quickest.
 */
export async function lockForBulk(client: PoolClient): Promise<void> {
  await client.query('select pg_advisory_xact_lock($1)', [advisoryLocks.changeManyLetters])
}
