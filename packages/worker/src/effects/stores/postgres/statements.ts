/** The statements of one table. `$1` is always the key. All times are the server's. */
export interface Statements {
  readonly begin: string
  readonly look: string
  readonly extend: string
  readonly settle: string
  readonly put: string
  readonly purge: string
}

const now = 'clock_timestamp()'
const msOf = (time: string): string => `(extract(epoch from ${time}) * 1000)::float8`
const fromNow = (ms: string): string => `${now} + ${ms}::float8 * interval '1 millisecond'`

export function statementsOf(table: string): Statements {
  const isExpired = `e.expires_at <= ${now}`
  const isFree = `e.lease_until <= ${now}`
  const known = `state, result, what, begins, ${msOf('began_at')} as "beganAtMs", ${msOf(`lease_until - ${now}`)} as "leftMs"`
  return {
    // The same token finds its own row and is told what it was told before. Two transactions meet at an advisory lock, since an insert
    // would wait for the other one to end. What is done is only read: a conflict would lock its row, which is a write. A row that was committed in the meantime is not seen by the last select: no row comes back, and
    // whoever asked looks again.
    begin: `
with taken as (
  insert into ${table} as e (key, what, state, token, begins, began_at, lease_until, expires_at)
  select $1::bytea, $2, 'begun', $3, 1, ${now}, ${fromNow('$4')}, ${fromNow('$5')}
  where not exists (select from ${table} where key = $1 and state = 'done' and expires_at > ${now})
    and (not $6::boolean or pg_try_advisory_xact_lock(hashtextextended(encode($1::bytea, 'hex'), 0)))
  on conflict (key) do update set
    what = excluded.what,
    state = 'begun',
    before = case when e.token = excluded.token then e.before when ${isExpired} then null else e.state end,
    token = excluded.token,
    begins = case when e.token = excluded.token then e.begins when ${isExpired} then 1 else e.begins + 1 end,
    began_at = excluded.began_at,
    began_before = case when e.token = excluded.token then e.began_before else e.began_at end,
    lease_until = excluded.lease_until,
    expires_at = case when e.token = excluded.token then e.expires_at else excluded.expires_at end,
    result = null
  where ${isExpired} or (e.state <> 'done' and (${isFree} or e.token = excluded.token))
  returning before, begins, ${msOf('began_before')} as "beganBeforeMs"
)
select true as taken, before, begins, "beganBeforeMs", null as state, null as result, null::float8 as "leftMs",
  case when $6::boolean then pg_current_xact_id()::text end as xid
from taken
union all
select false, null, null, null, state, result, ${msOf(`lease_until - ${now}`)}, null
from ${table} where key = $1 and not exists (select from taken)`,
    look: `select ${known} from ${table} where key = $1 and expires_at > ${now}`,
    extend: `update ${table} set lease_until = ${fromNow('$3')} where key = $1 and token = $2 and state = 'begun' returning true as done`,
    settle: `
update ${table} set state = $3, result = $4, lease_until = '-infinity' where key = $1 and token = $2
returning case when $5::boolean then pg_current_xact_id()::text end as xid`,
    put: `
insert into ${table} as e (key, what, state, token, begins, began_at, lease_until, expires_at, result)
values ($1, $2, $3, '', 0, ${now}, '-infinity', ${fromNow('$4')}, $5)
on conflict (key) do update set
  what = excluded.what, state = excluded.state, token = '', lease_until = excluded.lease_until,
  expires_at = excluded.expires_at, result = excluded.result
where ${isExpired} or ${isFree}
returning true as done`,
    purge: `
delete from ${table} where key in (
  select key from ${table} where expires_at <= ${now} order by expires_at limit 1000 for update skip locked
)`,
  }
}
