import type { Broker } from '@redrive/worker'
import type { Store } from '../../packages/server/src/store/store.ts'

/** The same broker with a table of the office's database for places, as a queue in it has; what is sent there shows in `jobsIn`. */
export function withinBroker<T extends Broker>(broker: T): T {
  return {
    ...broker,
    async sendWithin(transaction, _place, messages) {
      // One by one, so that there is a boundary between any two. A second send of a replay shows, and does not fail.
      for (const { uniqueId } of messages)
        await transaction.query('insert into public.job (replay_id) values ($1)', [uniqueId])
      return messages.map(() => ({ kind: 'sent' as const }))
    },
  }
}

/** Where there is none yet. */
export async function makeJobs({ pool }: Store): Promise<void> {
  await pool.query('create table if not exists public.job (replay_id uuid not null)')
}

export async function jobsIn({ pool }: Store): Promise<readonly string[]> {
  const { rows: made } = await pool.query<{ is: boolean }>(`select to_regclass('public.job') is not null as is`)
  if (made[0]?.is !== true) return []
  const { rows } = await pool.query<{ id: string }>('select replay_id as id from public.job')
  return rows.map(({ id }) => id)
}
