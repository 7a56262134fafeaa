/** The statements of one table. `$1` is the scope, `$2` the key, `$3` the letter, `$4` the place it is known to have. */
export interface Statements {
  readonly look: string
  readonly append: string
  readonly die: string
  readonly leave: string
  readonly count: string
  readonly purge: string
}

/** Places grow with the server's clock, in microseconds, so that they grow also over lines that were empty in between. */
const nowPlace = `(extract(epoch from clock_timestamp()) * 1000000)::bigint`

export function statementsOf(table: string): Statements {
  const ordered = (letters: string, places: string): string =>
    `(select array_agg(u.letter order by u.place, u.letter), array_agg(u.place order by u.place, u.letter)
      from unnest(${letters}, ${places}) as u(letter, place))`
  const nextPlace = `coalesce($4::bigint, greatest(${nowPlace}, l.places[cardinality(l.places)] + 1))`
  const withOne = ordered('l.letters || $3::text', `l.places || ${nextPlace}`)
  return {
    look: `select letters[1] as first, places[array_position(letters, $3)] as at, cardinality(letters) as size
from ${table} where scope = $1 and key = $2 and letters <> '{}'`,
    // A line that has become empty blocks nobody, so nobody is put into it.
    append: `update ${table} l set (letters, places) = ${withOne}, changed_at = now()
where scope = $1 and key = $2 and letters <> '{}' and not $3 = any(letters) and cardinality(letters) < $5::int`,
    die: `insert into ${table} as l (scope, key, letters, places) values ($1, $2, array[$3::text], array[coalesce($4::bigint, ${nowPlace})])
on conflict (scope, key) do update set (letters, places) = ${withOne}, changed_at = now() where not $3 = any(l.letters)`,
    leave: `update ${table} l set changed_at = now(), (letters, places) = (
  select coalesce(array_agg(u.letter order by u.place, u.letter), '{}'), coalesce(array_agg(u.place order by u.place, u.letter), '{}')
  from unnest(l.letters, l.places) as u(letter, place) where u.letter <> $3)
where scope = $1 and key = $2 and $3 = any(letters)`,
    count: `select count(*)::int as lines from (select from ${table} where scope = $1 and letters <> '{}' limit $2) as line`,
    purge: `delete from ${table} where (scope, key) in
  (select scope, key from ${table} where letters = '{}' and changed_at < now() - interval '1 day' limit 1000) and letters = '{}'`,
  }
}
