import { RedriveError } from '@redrive/worker'
import type { Store } from '../../store/store.ts'
import { type CauseRequest, changeCause } from './change.ts'
import { maxName, maxReason, maybeSaid, said } from './said.ts'
import { startWatch, type WatchFor } from './watch.ts'

/** Somebody has looked at a new cause: it is open. Does nothing to any other. */
export async function lookAtCause(store: Store, request: CauseRequest): Promise<void> {
  return changeCause(store, request, {
    action: 'look',
    said: null,
    work: async (_, { state }) => (state === 'new' ? {} : null),
  })
}

/** Somebody works on it. */
export async function acknowledgeCause(
  store: Store,
  request: CauseRequest & { readonly note?: string | null },
): Promise<void> {
  return changeCause(store, request, {
    action: 'acknowledge',
    said: maybeSaid('note', request.note, maxReason),
    work: async () => ({}),
  })
}

/**
 * Lets it rest until the first of what is given is met.
 * @throws REQUEST_INVALID without a reason or without an end, or for a time that is past
 */
export async function snoozeCause(
  store: Store,
  request: CauseRequest & WatchFor & { readonly reason: string },
): Promise<void> {
  const { until = null, forSeconds = null, letters = null } = request
  const release = maybeSaid('release', request.release, maxName)
  if (until === null && forSeconds === null && letters === null && release === null)
    throw new RedriveError('REQUEST_INVALID', 'A snooze needs an end.', {
      hint: 'Say until when, after how many letters, or which release has to fail: --until, --for, --letters, --release',
    })
  if (until !== null && forSeconds !== null)
    throw new RedriveError('REQUEST_INVALID', 'A snooze has one time at most.', { hint: 'Give --until or --for.' })
  const time = until === null ? null : instant(until)
  return changeCause(store, request, {
    action: 'snooze',
    said: said('reason', request.reason, maxReason),
    async work(client, cause) {
      const end = await startWatch(client, cause, { until: time, forSeconds, letters, release })
      return { until: end?.toISOString() ?? null, letters, release }
    },
  })
}

/** Fixed in a release, or without one by a person's word. Later letters may say otherwise. */
export async function fixCause(
  store: Store,
  request: CauseRequest & { readonly release?: string | null; readonly note?: string | null },
): Promise<void> {
  const release = maybeSaid('release', request.release, maxName)
  return changeCause(store, request, {
    action: 'fix',
    said: maybeSaid('note', request.note, maxReason),
    async work(client, cause) {
      await startWatch(client, cause, { release })
      return { release }
    },
  })
}

/** Back to open, from any other state. */
export async function reopenCause(
  store: Store,
  request: CauseRequest & { readonly reason?: string | null },
): Promise<void> {
  return changeCause(store, request, {
    action: 'reopen',
    said: maybeSaid('reason', request.reason, maxReason),
    work: async () => ({}),
  })
}

/** @param request.to a person; `null`: nobody */
export async function assignCause(store: Store, request: CauseRequest & { readonly to: string | null }): Promise<void> {
  return setName(store, request, { action: 'assign', column: 'assignee' })
}

/** @param request.to a team; `null`: the queue's owner */
export async function ownCause(store: Store, request: CauseRequest & { readonly to: string | null }): Promise<void> {
  return setName(store, request, { action: 'own', column: 'owner' })
}

async function setName(
  store: Store,
  request: CauseRequest & { readonly to: string | null },
  { action, column }: { readonly action: 'assign' | 'own'; readonly column: 'assignee' | 'owner' },
): Promise<void> {
  const to = request.to === null ? null : said('name', request.to, maxName)
  return changeCause(store, request, {
    action,
    said: null,
    async work(client, cause) {
      const from = cause[column]
      if (from === to) return null
      await client.query(`update cause set ${column} = $2 where id = $1`, [cause.id, to])
      return { from, to }
    },
  })
}

/** PostgreSQL reads more than we want to promise (`tomorrow`). */
function instant(text: string): string {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/i.test(text)
    ? Date.parse(text)
    : Number.NaN
  if (Number.isNaN(ms))
    throw new RedriveError('REQUEST_INVALID', 'That is no time.', {
      hint: 'Write it with its zone: 2026-12-01T09:00Z or 2026-12-01T10:00+01:00',
    })
  return new Date(ms).toISOString()
}
