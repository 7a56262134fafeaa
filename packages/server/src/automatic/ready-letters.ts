import type { Tier } from '@redrive/worker'
import type { Pool, PoolClient } from 'pg'
import type { ReplayPolicy } from '../config/index.ts'
import { defaultLimits, heldBack } from '../replay/index.ts'
import { firstUuidAt } from '../store/uuid.ts'
import type { LeftOut } from './decide.ts'
import { judgeCauses } from './judge-causes.ts'

export interface ReadyLetters {
  /** UUIDs, oldest first, at most as many as were asked for. */
  readonly ids: readonly string[]
  /** Letters that are left out, by why, as far as they were looked at. */
  readonly leftOut: ReadonlyMap<LeftOut, number>
}

export interface ReadyOptions extends Pick<ReplayPolicy, 'when' | 'afterMs' | 'times'> {
  readonly queueId: number
  readonly tier: Tier
  /** Names of the office's connections. */
  readonly brokers: readonly string[]
  readonly nowMs: number
  readonly most: number
}

const pageSize = 1_000
/** Letters before those that may be sent; more of them hide what is behind. */
const mostPages = 30

/** Open letters of a queue and tier that a policy may send now: by page, so that the cost follows what is asked for. */
export async function readyLetters(client: Pool | PoolClient, options: ReadyOptions): Promise<ReadyLetters> {
  const causes = await judgeCauses(client, options)
  const ids: string[] = []
  const leftOut = await countOf(client, causes.leftOut)
  let after = '00000000-0000-0000-0000-000000000000'
  for (let page = 0; page < mostPages && ids.length < options.most && causes.ready.length > 0; page += 1) {
    const rows = await nextPage(client, { ...options, causes: causes.ready, after })
    for (const { id, why } of rows.map((row) => judged(row, options.nowMs)))
      if (why !== null) leftOut.set(why, (leftOut.get(why) ?? 0) + 1)
      else if (ids.length < options.most) ids.push(id)
    const last = rows.at(-1)
    if (last === undefined || rows.length < pageSize) break
    after = last.id
  }
  return { ids, leftOut }
}

/** With what a plan would leave out too: it is to hold all that it is given, or its canary would be none. */
function judged(row: Row, nowMs: number): { readonly id: string; readonly why: LeftOut | null } {
  const why = row.why ?? heldBack(row, { ...defaultLimits, nowMs })
  return { id: row.id, why: why === 'too-soon' ? 'too-new' : why }
}

interface Row {
  readonly id: string
  readonly why: LeftOut | null
  readonly hops: number | null
  readonly isReturned: boolean
  readonly capturedAtMs: number
}

async function countOf(client: Pool | PoolClient, causes: ReadonlyMap<string, LeftOut>): Promise<Map<LeftOut, number>> {
  const { rows } = await client.query<{ why: LeftOut; letters: number }>(
    `select c.why, count(*)::int as letters from unnest($1::bigint[], $2::text[]) as c (id, why)
       join outstanding o on o.cause_id = c.id and o.state = 'open' group by 1`,
    [[...causes.keys()], [...causes.values()]],
  )
  return new Map(rows.map(({ why, letters }) => [why, letters]))
}

/** What leads to the run and the ordinal of a letter's replay: ids of replays are made of both. */
const replayed = `join run r on r.id = overlay(n.replay_id::text placing '00000000' from 29)::uuid
         join plan_letter p on p.plan_id = r.plan_id and p.ordinal = ('x' || right(n.replay_id::text, 8))::bit(32)::int`

async function nextPage(
  client: Pool | PoolClient,
  options: ReadyOptions & { readonly causes: readonly string[]; readonly after: string },
): Promise<readonly Row[]> {
  const { rows } = await client.query<Row>(
    `select o.id, case
         when o.id >= $5 then 'too-new'
         when l.version > 0 then 'edited'
         when s.broker <> all ($6) then 'no-broker'
         when 'redrive' <> all (c.readers) or c.consumer is null or c.origin_place is null then 'no-lane'
         when exists (select from unnest(c.redacted) as part where regexp_replace(part, '^.* ', '') <> 'error') then 'redacted'
         when t.times >= $7 then 'tried' end as why,
         c.hops, c.replay_id is not null as "isReturned", extract(epoch from uuid_extract_timestamp(o.id))::float8 * 1000 as "capturedAtMs"
       from (select letter_id as id from outstanding where queue_id = $1 and state = 'open' and cause_id = any ($2) and letter_id > $3
              order by letter_id limit $4) o
       join letter l on l.id = o.id join letter_content c on c.id = o.id join source s on s.id = l.source_id
       cross join lateral (
         with recursive lineage (letter_id, replay_id, depth) as (
           select o.id, c.replay_id, 1
           union all
           select p.letter_id, before.replay_id, n.depth + 1 from lineage n ${replayed}
             left join letter_content before on before.id = p.letter_id where n.depth < 100
         )
         select count(*)::int as times from lineage n join plan_letter p on p.letter_id = n.letter_id
           join run r on r.plan_id = p.plan_id join automatic_run a on a.run_id = r.id
           join intent i on i.run_id = r.id and i.from_ordinal <= p.ordinal and i.to_ordinal > p.ordinal
          where i.results is null or get_byte(i.results, p.ordinal - i.from_ordinal) <> ascii('n')
       ) t order by o.id`,
    [
      ...[options.queueId, options.causes, options.after, pageSize],
      ...[firstUuidAt(Math.max(0, options.nowMs - options.afterMs)), options.brokers],
      options.times,
    ],
  )
  return rows
}
