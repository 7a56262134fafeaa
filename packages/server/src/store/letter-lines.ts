import type { PoolClient } from 'pg'
import { storableText } from './copy-binary.ts'

/** Where a letter stands in the line of its key, as its worker wrote it. */
export interface NewLinePlace {
  readonly letterId: string
  readonly queueId: number
  readonly consumer: string
  readonly key: string
  readonly at: number
  readonly behind: string | null
  readonly isHeld: boolean
}

/** Writes places down; lines are locked in one order, so that two batches do not wait for each other. */
export async function insertLinePlaces(client: PoolClient, places: readonly NewLinePlace[]): Promise<void> {
  if (places.length === 0) return
  const columns = [
    places.map(({ letterId }) => letterId),
    places.map(({ queueId }) => queueId),
    places.map(({ consumer }) => storableText(consumer)),
    places.map(({ key }) => key),
    places.map(({ at }) => at),
    places.map(({ behind }) => (behind === null ? null : storableText(behind))),
    places.map(({ isHeld }) => isHeld),
  ]
  const place = `unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::boolean[])
    as p(letter_id, queue_id, consumer, key, at, behind, is_held)`
  await client.query(
    `insert into key_line as k (queue_id, consumer, key, look_at)
     select queue_id, consumer, key, case when bool_or(is_held) then now() end from ${place} group by 1, 2, 3 order by 1, 2, 3
     on conflict (queue_id, consumer, key) do update set look_at = coalesce(excluded.look_at, k.look_at)`,
    columns,
  )
  await client.query(
    `insert into letter_line (letter_id, line_id, at, behind)
     select p.letter_id, k.id, p.at, p.behind from ${place}
       join key_line k on k.queue_id = p.queue_id and k.consumer = p.consumer and k.key = p.key`,
    columns,
  )
}

/** Letters that are captured as `open` and were parked by their worker. Their causes and the outstanding ones follow by the trigger. */
export async function holdLetters(client: PoolClient, letters: readonly string[]): Promise<void> {
  if (letters.length === 0) return
  await client.query(`update letter set state = 'held' where id = any($1::uuid[])`, [letters])
}

/** Lines of these letters are looked at now, where somebody waits in them. Best effort: who is busy with a line looks at it anyway. */
export async function lookAtLinesOf(client: PoolClient, letters: readonly string[]): Promise<void> {
  await client.query({
    name: 'look-at-lines',
    text: `
      update key_line set look_at = now(), looks = 0 where id in (
        select id from key_line where look_at is not null
          and id in (select line_id from letter_line where letter_id = any($1::uuid[])) for no key update skip locked)`,
    values: [letters],
  })
}
