import { RedriveError } from '@redrive/worker'
import type { PoolClient } from 'pg'
import { firstUuidAt } from '../../store/uuid.ts'
import type { LockedCause } from './change.ts'

/** What a snoozed or fixed cause waits for. */
export interface WatchFor {
  /** RFC 3339 */
  readonly until?: string | null
  /** The same as a time from now, by the database's clock. */
  readonly forSeconds?: number | null
  /** So many more letters. */
  readonly letters?: number | null
  /** A failure of this release or of a newer one. */
  readonly release?: string | null
}

/** A letter may be committed this long after others that got their ids later; what was there is remembered for so long, and counted beyond. */
const rememberMs = 600_000
const maxKnown = 2_000

/**
 * Begins to watch: notes what capture has counted for the cause so far. The caller holds the cause's lock, so every letter is either in these counts or
 * comes after them.
 * @throws REQUEST_INVALID when the time is past
 */
export async function startWatch(client: PoolClient, { id }: LockedCause, wanted: WatchFor): Promise<Date | null> {
  const { rows } = await client.query<{ since: Date; until_at: Date | null; past: boolean }>(
    `insert into cause_watch (cause_id, since, until_at, until_letters, release, letters, looked_letters, releases, other_releases,
                              scan_from, scanned, known, before_scan)
     select c.id, n.at, coalesce($2::timestamptz, n.at + make_interval(secs => $3)), $4, $5, c.letters, c.letters,
            coalesce((select jsonb_object_agg(value, letters) from cause_facet where cause_id = c.id and facet = 'release' and value is not null), '{}'),
            coalesce((select letters from cause_facet where cause_id = c.id and facet = 'release' and value is null), 0),
            uuid_nil.id, uuid_nil.id, '{}', 0
       from cause c, clock_timestamp() as n (at), (select '00000000-0000-0000-0000-000000000000'::uuid) as uuid_nil (id) where c.id = $1
     returning since, until_at, coalesce(until_at <= since, false) as past`,
    [id, wanted.until ?? null, wanted.forSeconds ?? null, wanted.letters ?? null, wanted.release ?? null],
  )
  const [row] = rows
  if (row === undefined || row.past)
    throw new RedriveError('REQUEST_INVALID', 'That time is past.', { hint: 'Give a time that is still to come.' })
  await remember(client, id, row.since.getTime())
  return row.until_at
}

/** The newest letters are remembered one by one: a later one may have a smaller id than they. */
async function remember(client: PoolClient, causeId: string, sinceMs: number): Promise<void> {
  const floor = firstUuidAt(sinceMs - rememberMs)
  const { rows } = await client.query<{ id: string }>(
    `select id from letter where cause_id = $1 and id > $2 order by id desc limit ${maxKnown}`,
    [causeId, floor],
  )
  const known = rows.map(({ id }) => id)
  const oldest = known.at(-1)
  const from = known.length < maxKnown || oldest === undefined ? floor : oldest
  const after = from === oldest ? known.length - 1 : known.length
  await client.query(
    `update cause_watch set scan_from = $2, scanned = $2, known = $3, before_scan = letters - $4 where cause_id = $1`,
    [causeId, from, known, after],
  )
}
