import { RedriveError } from '@redrive/worker'
import type { Pool, PoolClient } from 'pg'
import { parseCauseId, showCauseId } from '../../store/ids.ts'
import type { Store } from '../../store/store.ts'
import { queueOwner } from '../queue-owner.ts'
import { type CauseEvent, type EventRow, eventOf } from './history.ts'
import type { LinkKind } from './links.ts'
import type { CauseState } from './transitions.ts'

/** Whose a cause is. */
export interface Ownership {
  /** A team: the cause's own, else that of its tier or queue. */
  readonly owner: string | null
  readonly ownerFrom: 'cause' | 'queue' | null
  /** A person. */
  readonly assignee: string | null
}

/** A cause as people see to it. */
export interface CauseLife extends Ownership {
  /** `c_…` */
  readonly id: string
  readonly state: CauseState
  readonly revision: number
  /** What brought it into its state; `null`: its first letter did. */
  readonly stateBy: CauseEvent | null
  /** Until when it is snoozed, or what makes a fixed one regress; `null` in all other states. */
  readonly waits: Waits | null
  readonly links: readonly CauseLink[]
  /** What the queue's documentation says. */
  readonly queueRunbook: string | null
  /** The last five, oldest first, and how many there are. */
  readonly comments: { readonly total: number; readonly last: readonly CauseEvent[] }
}

export interface Waits {
  readonly since: string
  readonly until: string | null
  /** So many more letters, and how many of them have come. */
  readonly letters: number | null
  readonly came: number
  /** Wakes for a failure of it or of a newer one; of a fixed cause: it regresses by one; `null` there: by any letter that died since. */
  readonly release: string | null
}

export interface CauseLink {
  readonly id: number
  readonly kind: LinkKind
  readonly title: string | null
  readonly url: string
  readonly by: string
  readonly at: string
}

/** @throws NOT_FOUND */
export async function showLife(store: Store, cause: string): Promise<CauseLife> {
  return store.transaction((client) => readLife(client, cause), { isolation: 'repeatable read', readOnly: true })
}

/** The same in a transaction of the caller. */
export async function readLife(client: PoolClient, cause: string): Promise<CauseLife> {
  const id = parseCauseId(cause).toString()
  const { rows } = await client.query<LifeRow>(
    `select c.id, c.state::text, c.revision, c.owner, c.assignee, ${queueOwner} as queue_owner,
            (select value from queue_says where queue = q.name and field = 'runbook') as runbook, c.letters - w.letters as came,
            w.since, w.until_at, w.until_letters, w.release,
            (select count(*)::int from cause_event e where e.cause_id = c.id and e.what = 'comment') as comments
       from cause c join queue q on q.id = c.queue_id left join cause_watch w on w.cause_id = c.id where c.id = $1`,
    [id],
  )
  const [row] = rows
  if (row === undefined)
    throw new RedriveError('NOT_FOUND', `there is no cause ${cause}`, {
      hint: 'List the causes to find the one you mean.',
    })
  const comments = await client.query<EventRow>(
    `select * from cause_event where cause_id = $1 and what = 'comment' order by id desc limit 5`,
    [id],
  )
  return {
    id: showCauseId(row.id),
    state: row.state,
    revision: row.revision,
    ...ownershipOf(row),
    stateBy: await stateBy(client, id, row.state),
    waits: waitsOf(row),
    links: await linksOf(client, id),
    queueRunbook: row.runbook,
    comments: { total: row.comments, last: comments.rows.map(eventOf).reverse() },
  }
}

/** The cause's own owner counts, else that of its queue, which may name one for each tier. */
export function ownershipOf(row: {
  readonly owner: string | null
  readonly queue_owner: string | null
  readonly assignee: string | null
}): Ownership {
  const owner = row.owner ?? row.queue_owner
  const ownerFrom = row.owner !== null ? 'cause' : row.queue_owner !== null ? 'queue' : null
  return { owner, ownerFrom, assignee: row.assignee }
}

interface LifeRow {
  readonly id: string
  readonly state: CauseState
  readonly revision: number
  readonly owner: string | null
  readonly assignee: string | null
  readonly queue_owner: string | null
  readonly runbook: string | null
  readonly came: string | null
  readonly since: Date | null
  readonly until_at: Date | null
  readonly until_letters: string | null
  readonly release: string | null
  readonly comments: number
}

function waitsOf(row: LifeRow): Waits | null {
  if (row.since === null) return null
  return {
    since: row.since.toISOString(),
    until: row.until_at?.toISOString() ?? null,
    letters: row.until_letters === null ? null : Number(row.until_letters),
    came: Number(row.came),
    release: row.release,
  }
}

/** The last event that set this state, also when it was set again: somebody else acknowledged, another release has the fix. */
async function stateBy(client: Pool | PoolClient, causeId: string, state: CauseState): Promise<CauseEvent | null> {
  const { rows } = await client.query<EventRow>(
    `select * from cause_event where cause_id = $1 and became = $2
        and (was <> became or what in ('acknowledge', 'snooze', 'fix')) order by id desc limit 1`,
    [causeId, state],
  )
  return rows[0] === undefined ? null : eventOf(rows[0])
}

async function linksOf(client: Pool | PoolClient, causeId: string): Promise<readonly CauseLink[]> {
  const { rows } = await client.query<Omit<CauseLink, 'by' | 'at'> & { added_by: string; added_at: Date }>(
    'select id, kind, title, url, added_by, added_at from cause_link where cause_id = $1 order by id',
    [causeId],
  )
  return rows.map(({ added_by: by, added_at: at, ...link }) => ({ ...link, by, at: at.toISOString() }))
}
