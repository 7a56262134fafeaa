import { RedriveError, type Tier } from '@redrive/worker'
import { parseLetterId, showCauseId, showLetterId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'
import { unresolvedBefore } from './before-in-line.ts'
import { parseQuery } from './query.ts'
import { selectLetterIds } from './select.ts'

/** A letter as lists show it: no bytes. Text of the letter is hostile, not escaped yet, and longer than it is shown: it is masked before it is cut. */
export interface LetterSummary {
  readonly id: string
  readonly queue: string
  readonly cause: string
  readonly tier: Tier
  readonly state: string
  /** What a held letter waits for, as far as the office knows. */
  readonly heldBehind: string | null
  readonly errorClass: string | null
  readonly message: string | null
  readonly consumer: string | null
  readonly key: string | null
  readonly attempts: number | null
  readonly release: string | null
  readonly bytes: number
  readonly capturedAt: string
  readonly lastFailedAt: string | null
}

export interface LetterPage {
  /** May be fewer than asked for, or none, while `next` is not `null`. */
  readonly letters: readonly LetterSummary[]
  /** Pass as `after` to go on; `null` at the end. */
  readonly next: string | null
}

/** Newest first; open letters only unless the query names a `state:`. @throws QUERY_INVALID, REQUEST_INVALID (a cursor that is none of ours) */
export async function listLetters(
  store: Store,
  options: { readonly query: string; readonly limit: number; readonly nowMs: number; readonly after?: string },
): Promise<LetterPage> {
  const query = parseQuery(options.query)
  const before = options.after === undefined ? undefined : cursorOf(options.after)
  const { ids, lookedTo } = await selectLetterIds(store.pool, query, {
    nowMs: options.nowMs,
    limit: options.limit + 1,
    maxLooked,
    ...(before === undefined ? {} : { before }),
  })
  const page = ids.slice(0, options.limit)
  const letters = await summariesOf(store, page)
  const end = ids.length > options.limit ? page.at(-1) : lookedTo
  return { letters, next: end === undefined || end === null ? null : showLetterId(end) }
}

/** One page stays quick; what no index knows (attempts, sizes, hosts) is looked at over several of them. */
const maxLooked = 2_000

function cursorOf(after: string): string {
  try {
    return parseLetterId(after)
  } catch {
    throw new RedriveError('REQUEST_INVALID', 'This cursor is not one of ours.', {
      hint: 'Take `next` of the page before as it is.',
    })
  }
}

interface Row {
  readonly id: string
  readonly queue: string
  readonly cause_id: string
  readonly tier: Tier
  readonly state: string
  readonly held_behind: string | null
  readonly error_class: string | null
  readonly message: string | null
  readonly consumer: string | null
  readonly key: Buffer | null
  readonly attempts: number | null
  readonly release: string | null
  readonly bytes: number
  readonly captured_at: Date
  readonly last_failed_at: Date | null
}

async function summariesOf(store: Store, ids: readonly string[]): Promise<readonly LetterSummary[]> {
  const { rows } = await store.pool.query<Row>(
    `select l.id, q.name as queue, l.cause_id, ca.tier, l.state, c.error_class, left(c.message, 2000) as message, c.consumer,
       substring(c.key for 2000) as key, c.attempts, c.release, c.bytes, uuid_extract_timestamp(l.id) as captured_at, c.last_failed_at, b.behind as held_behind
     from letter l
     join letter_content c on c.id = l.id
     join queue q on q.id = l.queue_id
     join cause ca on ca.id = l.cause_id
     left join letter_line h on h.letter_id = l.id and l.state = 'held'
     left join lateral (${unresolvedBefore('h')}) b on h.letter_id is not null
     where l.id = any($1::uuid[]) and c.id = any($1::uuid[])
     order by l.id desc`,
    [ids],
  )
  return rows.map((row) => ({
    id: showLetterId(row.id),
    queue: row.queue,
    cause: showCauseId(row.cause_id),
    tier: row.tier,
    state: row.state,
    heldBehind: row.held_behind === null ? null : showLetterId(row.held_behind),
    errorClass: row.error_class,
    message: row.message,
    consumer: row.consumer,
    key: row.key?.toString('utf8') ?? null,
    attempts: row.attempts,
    release: row.release,
    bytes: row.bytes,
    capturedAt: row.captured_at.toISOString(),
    lastFailedAt: row.last_failed_at?.toISOString() ?? null,
  }))
}
