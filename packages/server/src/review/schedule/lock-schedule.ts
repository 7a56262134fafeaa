import type { PoolClient } from 'pg'

/** One at a time: offices that start together, and changes by API that must not meet a file that speaks just now. Who only reads is not held up. */
export async function lockSchedule(client: PoolClient): Promise<void> {
  await client.query('lock table review_schedule in share row exclusive mode')
}
