import { parseDiscardId, showCauseId, showDiscardId } from '../../store/ids.ts'
import type { Store } from '../../store/store.ts'
import { noDiscard } from './run-discard.ts'

export interface DiscardView {
  /** `d_…` */
  readonly id: string
  readonly state: 'planned' | 'done' | 'undone'
  readonly letters: number
  readonly skipped: number
  readonly reason: string
  readonly selection: unknown
  readonly createdAt: string
  readonly createdBy: string
  readonly doneAt: string | null
  readonly doneBy: string | null
  /** `null` until it is done. */
  readonly undoableUntil: string | null
  readonly undoneAt: string | null
  readonly undoneBy: string | null
  readonly undoneReason: string | null
  /** By the undo. */
  readonly reopened: number | null
}

export interface DiscardDetail extends DiscardView {
  /** What is in it, the most first, at most twenty. */
  readonly causes: readonly {
    readonly cause: string
    readonly queue: string
    readonly title: string
    readonly letters: number
  }[]
  readonly oldestAt: string | null
}

/** Newest first. @param after `next` of the page before */
export async function listDiscards(
  store: Store,
  { limit, after }: { readonly limit: number; readonly after?: string },
): Promise<{ readonly discards: readonly DiscardView[]; readonly next: string | null }> {
  const { rows } = await store.pool.query<Row>(
    `select * from discard where $2::uuid is null or (created_at, id) < (select created_at, id from discard where id = $2)
     order by created_at desc, id desc limit $1`,
    [limit + 1, after === undefined ? null : parseDiscardId(after)],
  )
  const discards = rows.slice(0, limit).map(viewOf)
  return { discards, next: rows.length > limit ? (discards.at(-1)?.id ?? null) : null }
}

/** @param id UUID. @throws NOT_FOUND */
export async function showDiscard(store: Store, id: string): Promise<DiscardDetail> {
  const { rows } = await store.pool.query<Row & { oldest: Date | null }>(
    `select d.*, (select min(uuid_extract_timestamp(letter_id)) from discard_letter where discard_id = d.id) as oldest
       from discard d where id = $1`,
    [id],
  )
  const [row] = rows
  if (row === undefined) throw noDiscard()
  const { rows: causes } = await store.pool.query<{ id: string; queue: string; title: string; letters: number }>(
    `select c.id, q.name as queue, c.title, n.letters from (
       select l.cause_id, count(*)::int as letters from discard_letter d join letter_ever l on l.id = d.letter_id
       where d.discard_id = $1 group by 1) n join cause c on c.id = n.cause_id join queue q on q.id = c.queue_id
     order by n.letters desc, c.id limit 20`,
    [id],
  )
  return {
    ...viewOf(row),
    oldestAt: row.oldest?.toISOString() ?? null,
    causes: causes.map(({ id: cause, ...rest }) => ({ cause: showCauseId(cause), ...rest })),
  }
}

interface Row {
  readonly id: string
  readonly state: DiscardView['state']
  readonly letters: number
  readonly skipped: number
  readonly reason: string
  readonly selection: unknown
  readonly created_at: Date
  readonly created_by: string
  readonly done_at: Date | null
  readonly done_by: string | null
  readonly undoable_until: Date | null
  readonly undone_at: Date | null
  readonly undone_by: string | null
  readonly undone_reason: string | null
  readonly reopened: number | null
}

function viewOf(row: Row): DiscardView {
  const time = (at: Date | null): string | null => at?.toISOString() ?? null
  const { state, letters, skipped, reason, selection, reopened } = row
  return {
    id: showDiscardId(row.id),
    state,
    letters,
    skipped,
    reason,
    selection,
    createdAt: row.created_at.toISOString(),
    createdBy: row.created_by,
    doneAt: time(row.done_at),
    doneBy: row.done_by,
    undoableUntil: time(row.undoable_until),
    undoneAt: time(row.undone_at),
    undoneBy: row.undone_by,
    undoneReason: row.undone_reason,
    reopened,
  }
}
