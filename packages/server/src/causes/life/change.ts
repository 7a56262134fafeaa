import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { recordAudit } from '../../audit/index.ts'
import { parseCauseId, showCauseId } from '../../store/ids.ts'
import type { Store } from '../../store/store.ts'
import { said } from './said.ts'
import { type CauseAction, type CauseState, nextState, setsState } from './transitions.ts'

/** What every change says. */
export interface CauseRequest {
  /** As people see it. */
  readonly cause: string
  readonly by: string
  /** The cause's revision that the caller has seen: refused when it changed since. */
  readonly revision?: number
}

/** A cause under lock: nobody changes it, and no letter of it is committed, until the transaction ends. */
export interface LockedCause {
  readonly id: string
  readonly queueId: number
  readonly state: CauseState
  readonly revision: number
  readonly owner: string | null
  readonly assignee: string | null
}

interface Change {
  readonly action: CauseAction
  readonly said: string | null
  /** Does the rest of the change. @returns what the history keeps of it; `null`: nothing had to be changed, so nothing is told either */
  readonly work: (client: PoolClient, cause: LockedCause) => Promise<Readonly<Record<string, unknown>> | null>
}

/**
 * One change of a cause with its row of the history and its entry of the audit trail, all in one transaction.
 * @throws NOT_FOUND, STATE_CONFLICT (it cannot be done in this state, or the cause changed since), REQUEST_INVALID (no name)
 */
export async function changeCause(store: Store, request: CauseRequest, change: Change): Promise<void> {
  const id = parseCauseId(request.cause).toString()
  const by = said('name', request.by, 300)
  return store.transaction(async (client) => {
    const cause = await lockCause(client, id)
    if (cause === null)
      throw new RedriveError('NOT_FOUND', `there is no cause ${request.cause}`, {
        hint: 'List the causes to find the one you mean.',
      })
    if (request.revision !== undefined && request.revision !== cause.revision) throw changedSince(cause)
    await writeChange(client, cause, { ...change, by })
  })
}

/** The change itself, for callers that hold the cause's lock. @throws STATE_CONFLICT */
export async function writeChange(
  client: PoolClient,
  cause: LockedCause,
  { action, said: words, work, by }: Change & { readonly by: string },
): Promise<void> {
  const { id, state } = cause
  const became = nextState(action, state)
  if (became === null) throw impossible(action, cause)
  if (setsState(action)) await client.query('delete from cause_watch where cause_id = $1', [id])
  const details = await work(client, cause)
  if (details === null) return
  // A comment is no change that somebody who decides has to have seen.
  const raise = action === 'comment' && became === state ? 0 : 1
  const { rows } = await client.query<{ revision: number }>(
    'update cause set state = $2, revision = revision + $3 where id = $1 returning revision',
    [id, became, raise],
  )
  await client.query(
    `insert into cause_event (cause_id, revision, actor, what, was, became, said, details) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [id, rows[0]?.revision, by, action, state, became, words, JSON.stringify(details)],
  )
  await recordAudit(client, {
    actor: by,
    action: `cause.${action}`,
    target: showCauseId(id),
    reason: words,
    details: { ...details, was: state, became },
  })
}

/** `null` when there is none. Letters may still refer to it meanwhile; only who counts on it waits. */
export async function lockCause(client: PoolClient, id: string): Promise<LockedCause | null> {
  const { rows } = await client.query<LockedCause>(
    `select id, queue_id as "queueId", state::text, revision, owner, assignee from cause where id = $1 for no key update`,
    [id],
  )
  return rows[0] ?? null
}

function changedSince({ id, state, revision }: LockedCause): RedriveError {
  return new RedriveError('STATE_CONFLICT', `The cause changed meanwhile: it is ${state} now.`, {
    hint: `Look at it again: redrive cause show ${showCauseId(id)}`,
    data: { state, revision },
  })
}

function impossible(action: CauseAction, { id, state, revision }: LockedCause): RedriveError {
  const shown = showCauseId(id)
  return new RedriveError('STATE_CONFLICT', `The cause is ${state}${action === 'reopen' ? ' already' : ''}.`, {
    hint:
      state === 'fixed'
        ? `If it is not fixed after all, reopen it first: redrive cause reopen ${shown}`
        : `Look at it: redrive cause show ${shown}`,
    data: { state, revision },
  })
}
