import type { PoolClient } from 'pg'
import { missingFields, nothingSaid, saidOf } from '../../queues/index.ts'
import { firstUuidAt } from '../../store/uuid.ts'
import type { HygieneFacts } from '../judge-hygiene.ts'
import type { Span } from '../week.ts'

const dayMs = 86_400_000

type Read = Omit<
  HygieneFacts,
  'runs' | 'told' | 'isUnlimited' | 'sources' | 'keptSo' | 'lostAtSource' | 'keptBriefly'
> & {
  readonly sources: readonly { readonly broker: string; readonly place: string }[]
}

/** What the store knows of the hygiene of queues, by their names. */
export async function readHygiene(
  client: PoolClient,
  { fromMs, toMs, nowMs, queues }: Span & { readonly nowMs: number; readonly queues: readonly string[] },
): Promise<ReadonlyMap<string, Read>> {
  const { rows } = await client.query<{
    queue: string
    never_opened: number
    old: number
    letters: number
    unknown_tier: number
    consumers: number
    sources: readonly { readonly broker: string; readonly place: string }[] | null
  }>(
    `with came as materialized (
       select l.queue_id, sum(l.letters)::int as letters, coalesce(sum(l.letters) filter (where c.tier = 'unknown'), 0)::int as unknown_tier,
              count(distinct c.consumer)::int as consumers
         from (select queue_id, cause_id, count(*) as letters from letter_ever where id >= $4 and id < $5 group by 1, 2) l
         join cause c on c.id = l.cause_id group by 1
     )
     select q.name as queue, waiting.*, coalesce(came.letters, 0) as letters, coalesce(came.unknown_tier, 0) as unknown_tier,
       coalesce(came.consumers, 0) as consumers,
       (select jsonb_agg(distinct jsonb_build_object('broker', s.broker, 'place', s.place)) from source s where s.id in (
          select l.source_id from letter_ever l where l.id in (select sample_letter from cause where queue_id = q.id order by last_seen desc limit 200))) as sources
     from queue q
     cross join lateral (
       select count(*) filter (where c.state = 'new' and c.first_seen < $2)::int as never_opened, count(*) filter (where o.oldest < $3 and c.state <> 'snoozed')::int as old
         from (select cause_id, min(letter_id::text)::uuid as oldest from outstanding where queue_id = q.id group by 1) o
         join cause c on c.id = o.cause_id) waiting
     left join came on came.queue_id = q.id
     where q.name = any($1)`,
    [queues, new Date(nowMs - dayMs), firstUuidAt(nowMs - 7 * dayMs), firstUuidAt(fromMs), firstUuidAt(toMs)],
  )
  const said = await saidOf(client, queues)
  return new Map(
    rows.map(({ queue, sources, never_opened: neverOpened, unknown_tier: unknownTier, ...row }) => {
      const own = said.get(queue) ?? nothingSaid
      const owner = own.document['owner']?.value ?? null
      return [
        queue,
        { ...row, queue, sources: sources ?? [], neverOpened, unknownTier, owner, missing: missingFields(own, {}) },
      ]
    }),
  )
}
