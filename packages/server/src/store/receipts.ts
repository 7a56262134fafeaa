import type { Receipt } from '@redrive/worker'
import type pg from 'pg'
import { storableText } from './copy-binary.ts'

/**
 * Keeps receipts; one that is there already stays as it is.
 * @returns those that are new
 */
export async function insertReceipts(client: pg.PoolClient, receipts: readonly Receipt[]): Promise<readonly Receipt[]> {
  const { rows } = await client.query<{ replay_id: string }>({
    name: 'insert-receipts',
    text: `
      insert into receipt (replay_id, result, attempts, at, service, release, host)
      select * from unnest($1::uuid[], $2::text[], $3::int[], $4::timestamptz[], $5::text[], $6::text[], $7::text[])
      on conflict (replay_id) do nothing returning replay_id`,
    values: [
      receipts.map(({ replayId }) => replayId),
      receipts.map(({ result }) => result),
      receipts.map(({ attempts }) => attempts),
      receipts.map(({ atMs }) => new Date(atMs)),
      receipts.map(({ worker }) => storableText(worker.service)),
      receipts.map(({ worker }) => (worker.release === null ? null : storableText(worker.release))),
      receipts.map(({ worker }) => (worker.host === null ? null : storableText(worker.host))),
    ],
  })
  const made = new Set(rows.map((row) => row.replay_id))
  return receipts.filter(({ replayId }) => made.delete(replayId.toLowerCase()))
}
