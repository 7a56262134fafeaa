import type { PoolClient } from 'pg'
import { firstUuidAt } from '../../store/uuid.ts'
import { goalOf, type Move } from './move.ts'

interface WatchRow {
  readonly id: string
  readonly cause_id: string
  readonly since: Date
  readonly scan_from: string
  readonly scanned: string
}

/**
 * What a snoozed or fixed cause waits for goes by what came since. A letter that moves counts by when it was captured: before that it is as if it had been
 * there, later as if it had come. What moves away is taken from where it was counted. Called with the causes locked, when their facets are right.
 */
export async function follow(client: PoolClient, moves: readonly Move[]): Promise<void> {
  const causes = [...new Set(moves.flatMap((move) => [move.letter.cause, goalOf(move)]))]
  const { rows } = await client.query<WatchRow>(
    'select id, cause_id, since, scan_from, scanned from cause_watch where cause_id = any($1::bigint[]) order by cause_id for update',
    [causes],
  )
  for (const watch of rows) {
    const gone = moves.filter(({ letter }) => letter.cause === watch.cause_id)
    const come = moves.filter((move) => goalOf(move) === watch.cause_id)
    const [away, here] = [countsOf(gone, watch), countsOf(come, watch)]
    await client.query(
      `with delta as (
         select r.k, r.n, exists (select from cause_facet f where f.cause_id = $7 and f.facet = 'release' and f.value = r.k) as named
           from unnest($5::text[], $6::bigint[]) as r (k, n)
       )
       update cause_watch w set letters = w.letters + $2, looked_letters = greatest(0, w.looked_letters - $3), before_scan = w.before_scan + $4,
              scanned_letters = greatest(0, w.scanned_letters - $8),
              releases = coalesce((select jsonb_object_agg(k, n) from (
                select k, sum(n) as n from (
                  select key as k, value::bigint as n from jsonb_each_text(w.releases) union all select k, n from delta where named
                ) as parts group by k) as sums), '{}'),
              other_releases = w.other_releases + coalesce((select sum(n) from delta where not named), 0)
        where w.id = $1`,
      [
        watch.id,
        here.before - away.before,
        gone.length,
        here.beforeScan - away.beforeScan,
        ...releasesOf(here.releases, away.releases),
        watch.cause_id,
        away.scanned,
      ],
    )
  }
}

interface Counts {
  /** Captured before the watch began. */
  readonly before: number
  readonly beforeScan: number
  readonly scanned: number
  readonly releases: ReadonlyMap<string, number>
}

function countsOf(moves: readonly Move[], { since, scan_from: scanFrom, scanned }: WatchRow): Counts {
  const began = firstUuidAt(since.getTime())
  const before = moves.filter(({ letter }) => letter.id < began)
  const releases = new Map<string, number>()
  for (const { letter } of before)
    if (letter.release !== null) releases.set(letter.release, (releases.get(letter.release) ?? 0) + 1)
  return {
    before: before.length,
    beforeScan: moves.filter(({ letter }) => letter.id <= scanFrom).length,
    scanned: moves.filter(({ letter }) => letter.id > scanFrom && letter.id <= scanned).length,
    releases,
  }
}

function releasesOf(
  here: ReadonlyMap<string, number>,
  away: ReadonlyMap<string, number>,
): readonly [readonly string[], readonly number[]] {
  const names = [...new Set([...here.keys(), ...away.keys()])]
  return [names, names.map((name) => (here.get(name) ?? 0) - (away.get(name) ?? 0))]
}
