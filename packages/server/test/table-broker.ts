import type { Broker, Outgoing, SendResult } from '@redrive/worker'
import type { OfficeBed } from './office-bed.ts'

export interface TableBroker {
  readonly broker: Broker
  /** What is in the table, by replay id, in their order. */
  sent(): Promise<readonly string[]>
}

/**
 * The connection of a bed with its places in a table of the office's database. What is not sent within a transaction goes where it always goes.
 * @param options.before what happens in each transaction before anything is written
 * @param options.result instead of writing
 */
export async function tableBroker(
  bed: OfficeBed,
  options: {
    readonly before?: () => Promise<void>
    readonly result?: (message: Outgoing, at: number) => SendResult | undefined
  } = {},
): Promise<TableBroker> {
  // A second send of one replay is kept, and so it shows.
  await bed.store.pool.query('create table public.job (replay_id uuid not null, place text not null)')
  return {
    broker: {
      ...bed.broker,
      async sendWithin(transaction, place, messages) {
        await options.before?.()
        const results: SendResult[] = []
        for (const [at, message] of messages.entries()) {
          const result = options.result?.(message, at)
          if (result === undefined)
            await transaction.query('insert into public.job values ($1, $2)', [message.uniqueId, place])
          results.push(result ?? { kind: 'sent' })
        }
        return results
      },
    },
    async sent() {
      const { rows } = await bed.store.pool.query<{ id: string }>('select replay_id as id from public.job order by 1')
      return rows.map(({ id }) => id)
    },
  }
}
