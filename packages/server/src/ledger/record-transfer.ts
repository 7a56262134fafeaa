import { randomUUID } from 'node:crypto'
import type pg from 'pg'

/** Outside, the states of a letter, and what is gone for good. */
export type LedgerAccount =
  | 'source'
  | 'open'
  | 'held'
  | 'replaying'
  | 'uncertain'
  | 'replayed'
  | 'discarded'
  | 'archived'
  | 'erased'
  | 'tombstone'

export interface Transfer {
  readonly queueId: number
  readonly from: LedgerAccount
  readonly to: LedgerAccount
  /** How many letters moved; nothing is written for 0. */
  readonly letters: number
  /** The use case: `captured`, `discarded`, `replay started` … */
  readonly what: string
  /** Id of what caused it: a run, an audit entry. */
  readonly reference?: string
}

/** Two balanced entries, in the transaction that moves the letters. */
export async function recordTransfer(client: pg.PoolClient, transfer: Transfer): Promise<void> {
  await recordTransfers(client, [transfer])
}

/** The same for several transfers, in one statement. */
export async function recordTransfers(client: pg.PoolClient, transfers: readonly Transfer[]): Promise<void> {
  const moved = transfers.filter(({ letters, from, to }) => letters !== 0 && from !== to)
  if (moved.length === 0) return
  const ids = moved.map(() => randomUUID())
  await client.query({
    name: 'record-transfers',
    text: `
      insert into ledger_entry (transfer, queue_id, account, letters, what, reference)
      select t.transfer, t.queue_id, e.account, e.letters, t.what, t.reference
        from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[])
          as t (transfer, queue_id, loser, gainer, letters, what, reference),
        lateral (values (t.loser, -t.letters), (t.gainer, t.letters)) as e (account, letters)`,
    values: [
      ids,
      moved.map(({ queueId }) => queueId),
      moved.map(({ from }) => from),
      moved.map(({ to }) => to),
      moved.map(({ letters }) => letters),
      moved.map(({ what }) => what),
      moved.map(({ reference }) => reference ?? null),
    ],
  })
}
