import type { Store } from '../store/store.ts'
import type { LedgerAccount } from './record-transfer.ts'

export interface LedgerReport {
  /** Letters that the books and an independent count do not agree on. 0 or something is wrong. */
  readonly unaccounted: number
  readonly captured: number
  readonly queues: readonly QueueBalance[]
  readonly sources: readonly SourceBalance[]
  /** The instant both sides were counted at. */
  readonly at: Date
}

export interface QueueBalance {
  readonly queueId: number
  readonly queue: string
  /** What the books say and what was counted, where either is not 0. */
  readonly accounts: readonly { readonly account: LedgerAccount; readonly booked: number; readonly counted: number }[]
  readonly captured: number
  readonly unaccounted: number
}

export interface SourceBalance {
  readonly sourceId: number
  readonly broker: string
  readonly place: string
  readonly role: string
  readonly delivered: number
  readonly letters: number
  readonly duplicates: number
  readonly receipts: number
  /** Letters of this source that are there. */
  readonly counted: number
}

/**
 * Counts the letters by queue and state and compares with the books, and by source with what was delivered, all in one snapshot.
 * Reads every letter's narrow row once.
 */
export async function checkLedger(store: Store): Promise<LedgerReport> {
  return store.transaction(
    async (client) => {
      const at = await client.query<{ now: Date }>('select now() as now')
      const balances = await client.query<{
        queue_id: number
        queue: string
        account: LedgerAccount
        booked: string
        counted: string
      }>(`
        select q.id as queue_id, q.name as queue, account, coalesce(b.letters, 0) as booked, coalesce(n.letters, 0) as counted
          from (select queue_id, account, sum(letters) as letters from ledger_entry group by 1, 2) b
          full join (select queue_id, state::text as account, count(*) as letters from letter group by 1, 2
                     union all select queue_id, case when is_erased then 'erased' else 'tombstone' end, count(*) from tombstone group by 1, 2) n using (queue_id, account)
          join queue q on q.id = queue_id
         where coalesce(b.letters, 0) <> 0 or coalesce(n.letters, 0) <> 0
         order by q.name, account`)
      const sources = await client.query<Record<'broker' | 'place' | 'role' | Counted, string> & { id: number }>(`
        select s.id, s.broker, s.place, s.role, coalesce(p.delivered, 0) as delivered, coalesce(p.letters, 0) as letters,
               coalesce(p.duplicates, 0) as duplicates, coalesce(p.receipts, 0) as receipts, coalesce(n.letters, 0) as counted
          from source s
          left join (select source_id, sum(delivered) as delivered, sum(letters) as letters, sum(duplicates) as duplicates,
                            sum(receipts) as receipts from source_position group by 1) p on p.source_id = s.id
          left join (select source_id, count(*) as letters from letter group by 1) n on n.source_id = s.id
         order by s.broker, s.place`)
      return report(
        at.rows[0]?.now ?? new Date(),
        balances.rows.map((row) => ({ ...row, booked: Number(row.booked), counted: Number(row.counted) })),
        sources.rows.map(sourceBalance),
      )
    },
    { isolation: 'repeatable read', readOnly: true },
  )
}

type Counted = 'delivered' | 'letters' | 'duplicates' | 'receipts' | 'counted'

interface Balance {
  readonly queue_id: number
  readonly queue: string
  readonly account: LedgerAccount
  readonly booked: number
  readonly counted: number
}

function sourceBalance(row: Record<'broker' | 'place' | 'role' | Counted, string> & { id: number }): SourceBalance {
  return {
    sourceId: row.id,
    broker: row.broker,
    place: row.place,
    role: row.role,
    delivered: Number(row.delivered),
    letters: Number(row.letters),
    duplicates: Number(row.duplicates),
    receipts: Number(row.receipts),
    counted: Number(row.counted),
  }
}

function report(at: Date, balances: readonly Balance[], sources: readonly SourceBalance[]): LedgerReport {
  const queues = [...Map.groupBy(balances, ({ queue_id }) => queue_id)].map(([queueId, accounts]) =>
    queueBalance(queueId, accounts),
  )
  const captured = queues.reduce((sum, queue) => sum + queue.captured, 0)
  const buried = balances.reduce(
    (sum, { account, booked }) => sum + (account === 'tombstone' || account === 'erased' ? booked : 0),
    0,
  )
  const misplaced = queues.reduce((sum, queue) => sum + queue.unaccounted, 0)
  // What sources say they delivered, against the letters there; those that were buried have no row any more.
  const undelivered = sources.reduce((sum, source) => sum + Math.max(0, source.counted - source.letters), 0)
  const gone = Math.max(
    0,
    sources.reduce((sum, source) => sum + Math.max(0, source.letters - source.counted), 0) - buried,
  )
  const unbalanced = sources.reduce(
    (sum, { delivered, letters, duplicates, receipts }) => sum + Math.abs(delivered - letters - duplicates - receipts),
    0,
  )
  return { unaccounted: Math.max(misplaced, undelivered, gone, unbalanced), captured, queues, sources, at }
}

function queueBalance(queueId: number, balances: readonly Balance[]): QueueBalance {
  // The source is outside: what it holds cannot be counted.
  const countable = balances.filter(({ account }) => account !== 'source')
  const missing = countable.reduce((sum, { booked, counted }) => sum + Math.max(0, booked - counted), 0)
  const surplus = countable.reduce((sum, { booked, counted }) => sum + Math.max(0, counted - booked), 0)
  const total = balances.reduce((sum, { booked }) => sum + booked, 0)
  return {
    queueId,
    queue: balances[0]?.queue ?? '',
    accounts: countable.map(({ account, booked, counted }) => ({ account, booked, counted })),
    captured: -(balances.find(({ account }) => account === 'source')?.booked ?? 0),
    unaccounted: Math.max(missing, surplus, Math.abs(total)),
  }
}
