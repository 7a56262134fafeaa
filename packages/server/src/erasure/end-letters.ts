import type { PoolClient } from 'pg'
import { type LedgerAccount, recordTransfers } from '../ledger/index.ts'
import { partsOfEnding } from '../retention/index.ts'
import { lookAtLinesOf } from '../store/letter-lines.ts'

/**
 * Of letters `l`: why it cannot be erased at this moment. Something is being sent of it, or may have been and somebody has to decide; its worker, which
 * keeps the order of its key, waits for it; or its source may deliver it once more and knows no name for it.
 */
export const waitsFor = `case
    when l.state = 'replaying' then 'replaying'
    when l.state = 'uncertain' then 'uncertain'
    when exists (select from release_notice n where n.letter_id = l.id and n.sent_at is null) then 'in-line'
    when exists (select from letter_line h where h.letter_id = l.id and not h.is_resolved and l.state not in ('discarded', 'archived')
                   and (l.state in ('open', 'held') or exists (
                     select from letter_line o where o.line_id = h.line_id and o.letter_id <> h.letter_id and not o.is_resolved))) then 'in-line'
    when exists (select from unsettled u where u.letter_id = l.id and u.captured_at > now() - interval '1 hour') then 'unsettled'
  end`

/**
 * Ends letters for good: their rows, bytes and edits go, and what plans and discards hold of their bodies. A tombstone stays: what its source delivers
 * once more is known, and not captured. Those that somebody works on are left.
 * @param options.ids UUIDs; locked by the caller or left out when somebody else has them
 * @returns UUIDs of those that were erased
 */
export async function endLetters(
  client: PoolClient,
  { erasure, ids }: { readonly erasure: string; readonly ids: readonly string[] },
): Promise<readonly string[]> {
  if (ids.length === 0) return []
  await client.query(`set local redrive.ends = 'on'`)
  await lookAtLinesOf(client, ids)
  const { rows } = await client.query<{ id: string; queue_id: number; was: LedgerAccount }>(
    `with chosen as materialized (
       select l.id, l.queue_id, l.source_id, l.cause_id, l.identity, l.state, l.changed_at from letter l
        where l.id = any($2::uuid[]) and (${waitsFor}) is null order by l.id for update of l skip locked
     ), buried as (
       insert into tombstone (letter_id, queue_id, source_id, cause_id, identity, was, since, body_sha256, timestamp_ms, is_erased, pass_id)
       select o.id, o.queue_id, o.source_id, o.cause_id, o.identity, o.state, o.changed_at, null, c.timestamp_ms, true, $1
         from chosen o join letter_content c on c.id = o.id
     ), ${partsOfEnding}, contents as (delete from letter_content c using chosen o where c.id = o.id
     ), archived as (delete from archived_letter n using chosen o where n.letter_id = o.id
     ), unsettled_ones as (delete from unsettled u using chosen o where u.letter_id = o.id
     ), doubted as (delete from possible_duplicate d using chosen o where d.letter_id = o.id
     ), noted as (
       update erasure set erased = erased + (select count(*) from chosen), last_change = pg_current_xact_id(),
         partitions = array(select distinct p from (select unnest(partitions) as p
           union select 'letter_content_' || to_char(uuid_extract_timestamp(id) at time zone 'UTC', 'YYYY_MM') from chosen) a order by 1)
        where id = $1
     )
     select id, queue_id, state as was from chosen`,
    [erasure, ids],
  )
  await recordTransfers(
    client,
    [...Map.groupBy(rows, ({ queue_id, was }) => `${queue_id} ${was}`).values()].map((moved) => ({
      queueId: moved[0]?.queue_id ?? 0,
      from: moved[0]?.was ?? 'open',
      to: 'erased',
      letters: moved.length,
      what: 'erasure',
      reference: erasure,
    })),
  )
  const ended = rows.map(({ id }) => id)
  await forgetHashes(client, ended)
  return ended
}

/** Whoever can guess a body could prove it by its hash; and why a broker refused a letter may quote it. */
export async function forgetHashes(client: PoolClient, ids: readonly string[]): Promise<void> {
  await client.query(`set local redrive.erases = 'on'`)
  await client.query(
    `update plan_letter set body_sha256 = '' where letter_id = any($1::uuid[]) and body_sha256 <> ''`,
    [ids],
  )
  await client.query(
    `update discard_letter set body_sha256 = '' where letter_id = any($1::uuid[]) and body_sha256 <> ''`,
    [ids],
  )
  await client.query(
    `update intent i set reasons = i.reasons - gone.ordinals from (
       select n.run_id, n.from_ordinal, array_agg(p.ordinal::text) as ordinals from plan_letter p join run r on r.plan_id = p.plan_id
         join intent n on n.run_id = r.id and n.from_ordinal <= p.ordinal and n.to_ordinal > p.ordinal
        where p.letter_id = any($1::uuid[]) and n.reasons ? p.ordinal::text group by 1, 2) gone
      where i.run_id = gone.run_id and i.from_ordinal = gone.from_ordinal`,
    [ids],
  )
  await client.query(`update transform_letter set why = null where letter_id = any($1::uuid[]) and why is not null`, [
    ids,
  ])
}
