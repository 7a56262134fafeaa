import type { PoolClient } from 'pg'
import { addFacets, addHours } from '../../store/causes.ts'
import { hourOfMs } from '../../store/died-at.ts'
import { goalOf, type Move } from './move.ts'

/** All that is counted by cause goes with the letters. The causes are locked, and the letters were moved. */
export async function moveCounts(client: PoolClient, moves: readonly Move[]): Promise<void> {
  const lost = shares(moves, ({ letter }) => letter.cause)
  const gained = shares(moves, goalOf)
  await addHours(client, gained)
  await addFacets(client, gained)
  await takeHours(client, lost)
  await takeFacets(client, lost)
  await countThere(client, [
    ...lost.map(({ id, letters }) => ({ id, letters: -letters, first: null, last: null })),
    ...gained.map(({ id, letters, firstSeenMs, lastSeenMs }) => ({
      id,
      letters,
      first: new Date(firstSeenMs),
      last: new Date(lastSeenMs),
    })),
  ])
  await narrowTimes(
    client,
    lost.map(({ id }) => id),
  )
}

/** What a cause gains or loses. */
interface Share {
  readonly id: bigint
  letters: number
  firstSeenMs: number
  lastSeenMs: number
  readonly hours: Map<number, number>
  readonly facets: Map<string, number>
}

function shares(moves: readonly Move[], causeOf: (move: Move) => string): readonly Share[] {
  const byCause = new Map<string, Share>()
  for (const move of moves) {
    const id = causeOf(move)
    const { diedMs, release, host } = move.letter
    let share = byCause.get(id)
    if (share === undefined) {
      share = {
        id: BigInt(id),
        letters: 0,
        firstSeenMs: diedMs,
        lastSeenMs: diedMs,
        hours: new Map(),
        facets: new Map(),
      }
      byCause.set(id, share)
    }
    share.letters += 1
    share.firstSeenMs = Math.min(share.firstSeenMs, diedMs)
    share.lastSeenMs = Math.max(share.lastSeenMs, diedMs)
    count(share.hours, hourOfMs(diedMs))
    if (release !== null) count(share.facets, `release ${release}`)
    if (host !== null) count(share.facets, `host ${host}`)
  }
  return [...byCause.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

async function takeHours(client: PoolClient, lost: readonly Share[]): Promise<void> {
  const hours = lost.flatMap(({ id, hours }) => [...hours].map(([ms, letters]) => ({ id, ms, letters })))
  await client.query(
    `update cause_hour h set letters = h.letters - t.letters from unnest($1::bigint[], $2::timestamptz[], $3::bigint[]) as t (cause_id, hour, letters)
      where h.cause_id = t.cause_id and h.hour = t.hour`,
    [hours.map(({ id }) => id.toString()), hours.map(({ ms }) => new Date(ms)), hours.map(({ letters }) => letters)],
  )
  await client.query('delete from cause_hour where cause_id = any($1::bigint[]) and letters = 0', [
    lost.map(({ id }) => id.toString()),
  ])
}

/** A value that has a name keeps it, also with no letter left: what is counted under its name never gets among the others. */
async function takeFacets(client: PoolClient, lost: readonly Share[]): Promise<void> {
  const facets = lost.flatMap(({ id, facets }) =>
    [...facets].map(([name, letters]) => {
      const space = name.indexOf(' ')
      return { id: id.toString(), facet: name.slice(0, space), value: name.slice(space + 1), letters }
    }),
  )
  if (facets.length === 0) return
  await client.query(
    `with taken as (
       select t.cause_id, t.facet, n.value, sum(t.letters) as letters
         from unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[]) as t (cause_id, facet, value, letters)
         left join cause_facet n on n.cause_id = t.cause_id and n.facet = t.facet and n.value = t.value
        group by 1, 2, 3)
     update cause_facet f set letters = f.letters - t.letters from taken t
      where f.cause_id = t.cause_id and f.facet = t.facet and f.value is not distinct from t.value`,
    [
      facets.map(({ id }) => id),
      facets.map(({ facet }) => facet),
      facets.map(({ value }) => value),
      facets.map(({ letters }) => letters),
    ],
  )
}

/**
 * Letters of a cause are counted as open when they came, and each change since then leaves its difference (`count-letters.ts`). The trigger has
 * written that they left, in the state they are in; that they never came is written here.
 */
async function countThere(
  client: PoolClient,
  counts: readonly {
    readonly id: bigint
    readonly letters: number
    readonly first: Date | null
    readonly last: Date | null
  }[],
): Promise<void> {
  const values = [
    counts.map(({ id }) => id.toString()),
    counts.map(({ letters }) => letters),
    counts.map(({ first }) => first),
    counts.map(({ last }) => last),
  ]
  await client.query(
    `with net as (
       select cause_id, sum(letters) as letters, min(first) as first, max(last) as last
         from unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::timestamptz[]) as n (cause_id, letters, first, last) group by 1
     ), counted as (
       insert into cause_change (cause_id, state, letters) select cause_id, 'open', -letters from net where letters <> 0
     )
     update cause c set letters = c.letters + net.letters, first_seen = least(c.first_seen, net.first), last_seen = greatest(c.last_seen, net.last)
       from net where c.id = net.cause_id`,
    values,
  )
}

/** A cause that has lost letters was seen no earlier and no later than the hours it still has; to the hour, for those are counted. */
async function narrowTimes(client: PoolClient, ids: readonly bigint[]): Promise<void> {
  await client.query(
    `update cause c set first_seen = greatest(c.first_seen, h.first), last_seen = least(c.last_seen, h.last + interval '1 hour')
       from (select cause_id, min(hour) as first, max(hour) as last from cause_hour where cause_id = any($1::bigint[]) group by 1) h
      where c.id = h.cause_id and (c.first_seen < h.first or c.last_seen > h.last + interval '1 hour')`,
    [ids.map(String)],
  )
}
