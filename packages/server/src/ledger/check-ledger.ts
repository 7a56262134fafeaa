import type { Store } from '../store/store.ts'
import type { LedgerAccount } from './record-transfer.ts'

export interface LedgerReport {
  /** Letters that the books and an independent count do not agree on. 0 or something is wrong. */
  readonly unaccounted: number
  readonly captured: number
  readonly queues: readonly QueueBalance[]
  readonly sources: readonly SourceBalance[]
  /** What the sums of the books and their entries differ by; 0 where entries were not read. */
  readonly sumsOff: number
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
  /** Letters of this source that are there, and tombstones of those that are not. */
  readonly counted: number
}

/**
 * Counts the letters by queue and state and compares with the books, and by source with what was delivered, all in one snapshot.
 * Reads every letter's narrow row once, and every tombstone's.
 *
 * @param options.isWhole the books are read entry by entry, which takes the longer the older they are; else as they were added up
 */
export async function checkLedger(
  store: Store,
  { isWhole = true }: { readonly isWhole?: boolean } = {},
): Promise<LedgerReport> {
  return store.transaction(
    async (client) => {
      await client.query('set local statement_timeout to 0')
      const at = await client.query<{ now: Date }>('select now() as now')
      const counts = await client.query<Count>(`
        select queue_id, source_id, state::text as account, count(*)::float8 as letters from letter group by 1, 2, 3
        union all
        select queue_id, source_id, case when is_erased then 'erased' else 'tombstone' end, count(*)::float8 from tombstone group by 1, 2, 3`)
      const books = await client.query<Book>('select queue_id, account, letters::float8 as letters from book')
      const entries = isWhole ? await client.query<Book>(everyEntry) : books
      const queues = await client.query<{ id: number; name: string }>('select id, name from queue order by name')
      const sources = await client.query<Record<'broker' | 'place' | 'role' | Counted, string> & { id: number }>(`
        select s.id, s.broker, s.place, s.role, coalesce(p.delivered, 0) as delivered, coalesce(p.letters, 0) as letters,
               coalesce(p.duplicates, 0) as duplicates, coalesce(p.receipts, 0) as receipts
          from source s
          left join (select source_id, sum(delivered) as delivered, sum(letters) as letters, sum(duplicates) as duplicates,
                            sum(receipts) as receipts from source_position group by 1) p on p.source_id = s.id
         order by s.broker, s.place`)
      const [booked, counted] = [byQueue(entries.rows), byQueue(counts.rows)]
      const ofSource = Map.groupBy(counts.rows, ({ source_id }) => source_id)
      return report(
        at.rows[0]?.now ?? new Date(),
        queues.rows.flatMap((queue) =>
          balancesOf(queue, { booked: booked.get(queue.id) ?? [], counted: counted.get(queue.id) ?? [] }),
        ),
        {
          sources: sources.rows.map((row) => sourceBalance(row, sum(ofSource.get(row.id) ?? []))),
          sumsOff: difference(books.rows, entries.rows),
        },
      )
    },
    { isolation: 'repeatable read', readOnly: true },
  )
}

interface Count {
  readonly queue_id: number
  readonly source_id: number
  readonly account: LedgerAccount
  readonly letters: number
}
type Book = Omit<Count, 'source_id'>

const everyEntry = 'select queue_id, account, sum(letters)::float8 as letters from ledger_entry group by 1, 2'

/** Letters that accounts hold on the one side and not on the other. */
function difference(one: readonly Book[], other: readonly Book[]): number {
  const left = new Map<string, number>()
  for (const [rows, sign] of [
    [one, 1],
    [other, -1],
  ] as const)
    for (const { queue_id, account, letters } of rows) {
      const name = `${queue_id} ${account}`
      left.set(name, (left.get(name) ?? 0) + sign * letters)
    }
  return [...left.values()].reduce((all, letters) => all + Math.abs(letters), 0)
}

const sum = (rows: readonly { readonly letters: number }[]): number =>
  rows.reduce((total, { letters }) => total + letters, 0)

const byQueue = <T extends Book>(rows: readonly T[]): ReadonlyMap<number, readonly T[]> =>
  Map.groupBy(rows, ({ queue_id }) => queue_id)

/** Accounts of a queue that hold something, by the books or by the count, in the order of their names. */
function balancesOf(
  { id, name }: { readonly id: number; readonly name: string },
  { booked, counted }: { readonly booked: readonly Book[]; readonly counted: readonly Book[] },
): readonly Balance[] {
  const accounts = [...new Set([...booked, ...counted].map(({ account }) => account))].toSorted()
  const of = (rows: readonly Book[], account: LedgerAccount): number =>
    sum(rows.filter((row) => row.account === account))
  return accounts
    .map((account) => ({
      queue_id: id,
      queue: name,
      account,
      booked: of(booked, account),
      counted: of(counted, account),
    }))
    .filter((balance) => balance.booked !== 0 || balance.counted !== 0)
}

type Counted = 'delivered' | 'letters' | 'duplicates' | 'receipts'

interface Balance {
  readonly queue_id: number
  readonly queue: string
  readonly account: LedgerAccount
  readonly booked: number
  readonly counted: number
}

function sourceBalance(
  row: Record<'broker' | 'place' | 'role' | Counted, string> & { readonly id: number },
  counted: number,
): SourceBalance {
  return {
    sourceId: row.id,
    broker: row.broker,
    place: row.place,
    role: row.role,
    delivered: Number(row.delivered),
    letters: Number(row.letters),
    duplicates: Number(row.duplicates),
    receipts: Number(row.receipts),
    counted,
  }
}

function report(
  at: Date,
  balances: readonly Balance[],
  { sources, sumsOff }: { readonly sources: readonly SourceBalance[]; readonly sumsOff: number },
): LedgerReport {
  const queues = [...Map.groupBy(balances, ({ queue_id }) => queue_id)].map(([queueId, accounts]) =>
    queueBalance(queueId, accounts),
  )
  const captured = queues.reduce((sum, queue) => sum + queue.captured, 0)
  const misplaced = queues.reduce((sum, queue) => sum + queue.unaccounted, 0)
  // What sources say they delivered, against the letters there and their tombstones.
  const elsewhere = sources.reduce((total, { counted, letters }) => total + Math.abs(counted - letters), 0)
  const unbalanced = sources.reduce(
    (sum, { delivered, letters, duplicates, receipts }) => sum + Math.abs(delivered - letters - duplicates - receipts),
    0,
  )
  return { unaccounted: Math.max(misplaced, elsewhere, unbalanced, sumsOff), captured, queues, sources, sumsOff, at }
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
