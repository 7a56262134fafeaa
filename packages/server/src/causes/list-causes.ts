import { RedriveError, type Tier } from '@redrive/worker'
import { parseCauseId, showCauseId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { countLetters } from './count-letters.ts'
import { type CauseState, type Ownership, ownershipOf } from './life/index.ts'
import { queueOwner } from './queue-owner.ts'

export interface CauseSummary extends Ownership {
  /** `c_…` */
  readonly id: string
  readonly queue: string
  readonly consumer: string | null
  readonly tier: Tier
  readonly state: CauseState
  readonly title: string
  readonly errorClass: string | null
  readonly firstSeen: Date
  readonly lastSeen: Date
  /** Ever captured, as far as they belong to it. */
  readonly letters: number
  /** Of them, open now. */
  readonly open: number
}

export interface ListCausesOptions {
  /** Name of a queue. */
  readonly queue?: string
  readonly state?: CauseState
  readonly tier?: Tier
  /** Only of this team, by the cause or by its queue. */
  readonly owner?: string
  /** Only of this person. */
  readonly assignee?: string
  /** Only causes that neither they nor their queue say an owner of. @default false */
  readonly unowned?: boolean
  /** Only causes with letters that are open. @default false */
  readonly onlyOpen?: boolean
  /** Also causes whose letters were all led to others. @default false */
  readonly emptied?: boolean
  /** 1 to 500. @default 50 */
  readonly limit?: number
  /** `next` of the page before. */
  readonly cursor?: string
}

export interface CausePage {
  readonly causes: readonly CauseSummary[]
  /** Cursor of the next page; `null` on the last. */
  readonly next: string | null
}

/**
 * Causes, the most recently seen first.
 * @throws REQUEST_INVALID for a cursor that is not one
 */
export async function listCauses(store: Store, options: ListCausesOptions = {}): Promise<CausePage> {
  const limit = Math.min(500, Math.max(1, options.limit ?? 50))
  const after = options.cursor === undefined ? undefined : readCursor(options.cursor)
  const { rows } = await store.pool.query<CauseRow>(
    `select c.*, q.name as queue, o.owner as queue_owner, c.last_seen::text as exact_last_seen
       from cause c join queue q on q.id = c.queue_id cross join lateral (select ${queueOwner} as owner) o
      where ($1::text is null or q.name = $1) and ($2::cause_state is null or c.state = $2) and ($3::tier is null or c.tier = $3)
        and (not $4 or exists (select from outstanding o where o.cause_id = c.id and o.state = 'open'))
        and ($8::text is null or coalesce(c.owner, o.owner) = $8) and ($9::text is null or c.assignee = $9)
        and (not $10 or coalesce(c.owner, o.owner) is null) and ($11 or c.letters > 0)
        and ($5::timestamptz is null or (c.last_seen, c.id) < ($5, $6::bigint))
      order by c.last_seen desc, c.id desc
      limit $7`,
    [
      options.queue ?? null,
      options.state ?? null,
      options.tier ?? null,
      options.onlyOpen ?? false,
      after?.lastSeen ?? null,
      after?.id ?? null,
      limit + 1,
      options.owner ?? null,
      options.assignee ?? null,
      options.unowned ?? false,
      options.emptied ?? false,
    ],
  )
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  const counts = await countLetters(
    store.pool,
    page.map(({ id }) => id),
  )
  const causes = page.map((row) => summaryOf(row, counts.get(row.id)?.['open'] ?? 0))
  return { causes, next: rows.length > limit && last !== undefined ? writeCursor(last) : null }
}

export interface CauseRow {
  readonly id: string
  readonly queue: string
  readonly consumer: string | null
  readonly tier: Tier
  readonly state: CauseState
  readonly title: string
  readonly error_class: string | null
  readonly first_seen: Date
  readonly last_seen: Date
  readonly exact_last_seen: string
  readonly letters: string
  readonly owner: string | null
  readonly queue_owner: string | null
  readonly assignee: string | null
}

export function summaryOf(row: CauseRow, open: number): CauseSummary {
  return {
    id: showCauseId(row.id),
    queue: row.queue,
    consumer: row.consumer,
    tier: row.tier,
    state: row.state,
    ...ownershipOf(row),
    title: row.title,
    errorClass: row.error_class,
    firstSeen: row.first_seen,
    lastSeen: row.last_seen,
    letters: Number(row.letters),
    open,
  }
}

function writeCursor({ exact_last_seen, id }: CauseRow): string {
  return Buffer.from(`${exact_last_seen} ${showCauseId(id)}`, 'utf8').toString('base64url')
}

function readCursor(cursor: string): { readonly lastSeen: string; readonly id: string } {
  const match = /^(\d{4,5}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?\+00) (c_\w{13})$/.exec(
    Buffer.from(cursor, 'base64url').toString('utf8'),
  )
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new RedriveError('REQUEST_INVALID', 'this cursor is not one of ours', {
      hint: 'Take the cursor of the page before as it is.',
    })
  }
  return { lastSeen: match[1], id: parseCauseId(match[2]).toString() }
}
