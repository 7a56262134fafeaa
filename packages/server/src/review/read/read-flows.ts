import type { PoolClient } from 'pg'
import { type Flow, noFlow } from '../review.ts'
import type { Span } from '../week.ts'

export interface QueueFlow {
  readonly id: number
  readonly name: string
  readonly owner: string | null
  readonly now: Flow
  readonly before: Flow
  /** At the end of the span. */
  readonly waiting: number
  /** At its beginning. */
  readonly waitedBefore: number
  /** When it was read. */
  readonly waitsNow: number
  readonly oldestOpenAt: Date | null
}

/** Every queue's, from the books: what is said of a week stays true whenever it is read. */
export async function readFlows(client: PoolClient, { fromMs, toMs }: Span): Promise<readonly QueueFlow[]> {
  const { rows } = await client.query<{
    id: number
    name: string
    owner: string | null
    moved: readonly { readonly account: string; readonly is_now: boolean; readonly letters: number }[] | null
    waiting: string
    waited_before: string
    waits_now: string
    oldest: Date | null
  }>(
    // From what is there now, back: entries before the two weeks are not read.
    `with recent as materialized (
       select queue_id, account, what, at, letters from ledger_entry where at >= $1
     )
     select q.id, q.name, (select value from queue_says where queue = q.name and field = 'owner') as owner,
       (select jsonb_agg(m) from (
          select account, at >= $2 as is_now, sum(letters) as letters from recent
           where queue_id = q.id and at < $3 and account in ('source', 'replayed', 'discarded', 'archived', 'tombstone', 'erased')
             and (account not in ('replayed', 'discarded') or what not in ('retention', 'archive', 'restore'))
             and (account = 'erased' or what <> 'erasure')
           group by 1, 2) m) as moved,
       b.letters - coalesce((select sum(letters) from recent where queue_id = q.id and account = any($4) and at >= $3), 0) as waiting,
       b.letters - coalesce((select sum(letters) from recent where queue_id = q.id and account = any($4) and at >= $2), 0) as waited_before, b.letters as waits_now,
       (select uuid_extract_timestamp(letter_id) from outstanding where queue_id = q.id and state = 'open' order by letter_id limit 1) as oldest
     from queue q,
       lateral (select coalesce(sum(letters), 0) as letters from book where queue_id = q.id and account = any($4)) b
     order by q.name`,
    [new Date(2 * fromMs - toMs), new Date(fromMs), new Date(toMs), ['open', 'held', 'uncertain', 'replaying']],
  )
  const back = await readReturns(client, { fromMs, toMs })
  return rows.map(({ id, name, owner, moved, waiting, waited_before, waits_now, oldest }) => {
    const flow = (isNow: boolean): Flow => {
      const of = (account: string): number =>
        moved?.find((each) => each.is_now === isNow && each.account === account)?.letters ?? 0
      return {
        ...noFlow,
        cameIn: 0 - of('source'),
        cameBack: back.get(id)?.[isNow ? 'now' : 'before'] ?? 0,
        replayed: of('replayed'),
        discarded: of('discarded'),
        archived: of('archived'),
        deleted: of('tombstone'),
        erased: of('erased'),
      }
    }
    return {
      id,
      name,
      owner,
      now: flow(true),
      before: flow(false),
      waiting: Number(waiting),
      waitedBefore: Number(waited_before),
      waitsNow: Number(waits_now),
      oldestOpenAt: oldest,
    }
  })
}

async function readReturns(
  client: PoolClient,
  { fromMs, toMs }: Span,
): Promise<ReadonlyMap<number, { readonly now: number; readonly before: number }>> {
  const { rows } = await client.query<{ queue_id: number; now: number; before: number }>(
    `select l.queue_id, count(*) filter (where e.at >= $2)::int as now, count(*) filter (where e.at < $2)::int as before
       from evidence e join letter_ever l on l.id = e.returned_letter where e.at >= $1 and e.at < $3 group by 1`,
    [new Date(2 * fromMs - toMs), new Date(fromMs), new Date(toMs)],
  )
  return new Map(rows.map(({ queue_id, ...counts }) => [queue_id, counts]))
}
