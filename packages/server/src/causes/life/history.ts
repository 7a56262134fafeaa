import { RedriveError } from '@redrive/worker'
import { parseCauseId } from '../../store/ids.ts'
import type { Store } from '../../store/store.ts'
import type { CauseAction, CauseState } from './transitions.ts'

/** Something that was done with a cause, or said about it. */
export interface CauseEvent {
  readonly id: string
  readonly at: string
  /** The cause's revision after it. */
  readonly revision: number
  /** `office`: what the letters or the time did. */
  readonly by: string
  readonly what: CauseAction
  readonly was: CauseState
  readonly became: CauseState
  /** The reason, the note or the comment. */
  readonly said: string | null
  readonly details: Readonly<Record<string, unknown>>
}

export interface HistoryPage {
  readonly cause: string
  readonly events: readonly CauseEvent[]
  /** Cursor of the next page; `null` on the last. */
  readonly next: string | null
}

/** Newest first. @throws NOT_FOUND */
export async function causeHistory(
  store: Store,
  request: {
    readonly cause: string
    /** 1 to 200 */
    readonly limit: number
    /** `next` of the page before */
    readonly after?: string
    readonly what?: CauseAction
  },
): Promise<HistoryPage> {
  const id = parseCauseId(request.cause).toString()
  const { limit, after = null, what = null } = request
  const found = await store.pool.query('select from cause where id = $1', [id])
  if (found.rowCount === 0)
    throw new RedriveError('NOT_FOUND', `there is no cause ${request.cause}`, {
      hint: 'List the causes to find the one you mean.',
    })
  const { rows } = await store.pool.query<EventRow>(
    `select * from cause_event where cause_id = $1 and ($2::bigint is null or id < $2) and ($3::text is null or what = $3)
      order by id desc limit $4`,
    [id, after, what, limit + 1],
  )
  const page = rows.slice(0, limit)
  return {
    cause: request.cause,
    events: page.map(eventOf),
    next: rows.length > limit ? (page.at(-1)?.id ?? null) : null,
  }
}

export interface EventRow {
  readonly id: string
  readonly at: Date
  readonly revision: number
  readonly actor: string
  readonly what: CauseAction
  readonly was: CauseState
  readonly became: CauseState
  readonly said: string | null
  readonly details: Readonly<Record<string, unknown>>
}

export function eventOf({ id, at, revision, actor, what, was, became, said, details }: EventRow): CauseEvent {
  return { id, at: at.toISOString(), revision, by: actor, what, was, became, said, details }
}
