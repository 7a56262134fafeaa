import type { Pool } from 'pg'
import type { Notice } from '../notice.ts'
import type { Delivered } from './notifier.ts'

export interface Waiting {
  readonly id: string
  readonly key: string
  readonly notice: Notice
  readonly tries: number
  /** It failed lately, and rests. */
  readonly rests: boolean
}

const leaseSeconds = 30
const keptDays = 90
const triedDays = 3
/** One notice may be at fault; when so many different ones are refused in a row, it is the notifier. */
export const mostRefused = 2
/** Whoever has a notifier that is down tries it each five minutes. */
const triedMinutes = 10
const notBefore = '(n.hold_until is null or n.hold_until <= now())'

/** Names of notifiers that have something to deliver now. */
export async function due(pool: Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ notifier: string }>({
    name: 'notifications-due',
    text: `select distinct notifier from notification n where state = 'waiting' and try_at <= now() and ${notBefore}`,
  })
  return rows.map(({ notifier }) => notifier)
}

/** Who has a notifier delivers for it alone, so that what is said of an alert arrives in its order. */
export async function lease(pool: Pool, name: string, token: string): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'lease-notifier',
    text: `insert into notifier (name, lease_token, lease_until) values ($1, $2, now() + make_interval(secs => $3))
           on conflict (name) do update set lease_token = excluded.lease_token, lease_until = excluded.lease_until
             where notifier.lease_token = excluded.lease_token or notifier.lease_until is null or notifier.lease_until < now()`,
    values: [name, token, leaseSeconds],
  })
  return rowCount === 1
}

export async function release(pool: Pool, name: string, token: string): Promise<void> {
  await pool.query('update notifier set lease_token = null, lease_until = null where name = $1 and lease_token = $2', [
    name,
    token,
  ])
}

/** The next one. What waits for quiet hours holds up what follows of its alert, and nothing else. */
export async function next(pool: Pool, name: string): Promise<Waiting | null> {
  const { rows } = await pool.query<Waiting>({
    name: 'next-notification',
    text: `select n.id, n.key, n.notice, n.tries, n.try_at > now() as rests from notification n
            where n.notifier = $1 and n.state = 'waiting' and ${notBefore}
              and not exists (select from notification b where b.notifier = n.notifier and b.state = 'waiting' and b.alert_id = n.alert_id
                               and b.id < n.id and b.hold_until > now())
            order by n.id limit 1`,
    values: [name],
  })
  return rows[0] ?? null
}

/** Nobody is told in the morning of what began and ended at night. What was tried may have arrived, so its end is told. */
export async function dropWhatIsOver(pool: Pool, name: string): Promise<void> {
  await pool.query({
    name: 'drop-notifications',
    text: `
      update notification n set state = 'dropped', ended_at = now(), problem = 'it was over before anybody was to be told'
       where n.notifier = $1 and n.state = 'waiting'
         and n.alert_id in (select r.alert_id from notification r where r.notifier = $1 and r.state = 'waiting' and r.change = 'resolved')
         and exists (select from notification h where h.notifier = $1 and h.state = 'waiting' and h.alert_id = n.alert_id and h.hold_until > now())
         and not exists (select from notification d where d.notifier = $1 and (d.state = 'delivered' or d.tries > 0) and d.alert_id = n.alert_id)`,
    values: [name],
  })
}

/** Nobody is told twice at once of what went on all night. A storm is said again for what joined it, which its first notice does not name. */
export async function dropRepeats(pool: Pool, name: string): Promise<void> {
  await pool.query({
    name: 'drop-repeats',
    text: `
      update notification r set state = 'dropped', ended_at = now(), problem = 'what it repeats was not said yet'
       where r.notifier = $1 and r.state = 'waiting' and r.change = 'repeated' and r.notice ->> 'rule' is distinct from 'storm'
         and exists (select from notification f where f.notifier = $1 and f.state = 'waiting' and f.tries = 0 and f.alert_id = r.alert_id
                      and f.change in ('raised', 'repeated') and f.id < r.id)`,
    values: [name],
  })
}

/**
 * What became of one try; without effect when another has the notifier by now. One refusal says nothing of the notifier: it may be about that notice,
 * and it does not undo that the notifier was down.
 */
export async function note(
  pool: Pool,
  { id, name, token }: { readonly id: string; readonly name: string; readonly token: string },
  { delivered, restMs }: { readonly delivered: Delivered; readonly restMs: number },
): Promise<void> {
  const problem = delivered.kind === 'delivered' ? null : delivered.reason
  const state = delivered.kind === 'later' ? 'waiting' : delivered.kind
  await pool.query({
    name: 'note-delivery',
    text: `
      with own as (
        update notifier set
          down_since = case
            when $4 = 'waiting' or ($4 = 'refused' and refused + 1 >= $7) then coalesce(down_since, now())
            when $4 = 'refused' then down_since end,
          refused = case $4 when 'refused' then refused + 1 when 'waiting' then refused else 0 end,
          problem = $5
        where name = $2 and lease_token = $3 returning name
      )
      update notification set state = $4, tries = tries + 1, problem = $5, try_at = now() + make_interval(secs => $6),
        ended_at = case when $4 <> 'waiting' then now() end
       where id = $1 and exists (select from own)`,
    values: [id, name, token, state, problem, restMs / 1_000, mostRefused],
  })
}

/** Ends what nobody will deliver, and forgets what ended long ago, a bounded number at a time. What no office has any more is not down. */
export async function sweep(pool: Pool, names: readonly string[]): Promise<void> {
  await pool.query(
    `update notifier set down_since = null, problem = null, refused = 0
      where problem is not null and name <> all($1) and (lease_until is null or lease_until < now() - interval '${triedMinutes} minutes')`,
    [names],
  )
  await pool.query(
    `update notification set state = 'dropped', ended_at = now(), problem = 'no notifier of that name is configured any more'
      where state = 'waiting' and notifier <> all($1) and greatest(written_at, hold_until) < now() - interval '1 hour'
        and not exists (select from notifier o where o.name = notification.notifier and o.lease_until > now() - interval '1 hour')`,
    [names],
  )
  await pool.query(
    `update notification set state = 'dropped', ended_at = now(), problem = 'given up after ${triedDays} days: ' || coalesce(problem, '')
      where state = 'waiting' and written_at < now() - interval '${triedDays} days' and (hold_until is null or hold_until < now() - interval '${triedDays} days')`,
  )
  await pool.query(
    `delete from notification where id in (
       select id from notification where state <> 'waiting' and ended_at < now() - interval '${keptDays} days' order by id limit 1000)`,
  )
}
