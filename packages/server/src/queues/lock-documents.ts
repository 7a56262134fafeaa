import type { PoolClient } from 'pg'
import { advisoryLocks } from '../store/advisory-locks.ts'

/** One at a time: offices that start together, and changes by API that must not meet a file that speaks just now. */
export async function lockDocuments(client: PoolClient): Promise<void> {
  await client.query('select pg_advisory_xact_lock($1)', [advisoryLocks.documentQueues])
}
