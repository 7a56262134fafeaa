import { RedriveError } from '@redrive/worker'
import { parseLetterId, showErasureId, showLetterId, showRunId } from '../store/ids.ts'
import { currentContent } from '../store/letter-versions.ts'
import type { Store } from '../store/store.ts'
import { unresolvedBefore } from './before-in-line.ts'
import { type ContentRow, detailOf, iso, type LetterDetail, type ReplayOfLetter, shownBytes } from './letter-detail.ts'

/** @throws NOT_FOUND */
export async function showLetter(store: Store, id: string): Promise<LetterDetail> {
  const uuid = parseLetterId(id)
  const { rows } = await store.pool.query<ContentRow>(
    `select l.id, q.name as queue, l.cause_id, ca.title, ca.tier, l.state, uuid_extract_timestamp(l.id) as captured_at,
       s.place as source_place, l.version, ${current.key} as key, substring(${current.body} for ${shownBytes}) as body,
       octet_length(${current.body}) as body_bytes, ${current.bodySha256} as body_sha256, ${current.headers} as headers,
       c.properties, c.timestamp_ms, c.partition, c.position, ${current.bytes} as bytes, c.origin_system, c.origin_place, c.origin_partition,
       c.origin_position, c.origin_route, c.consumer, c.error_class, c.message, c.stack, c.reason, c.attempts, c.first_failed_at,
       c.last_failed_at, c.service, c.release, c.host, c.traceparent, c.readers, c.failure_headers, c.confidence, c.redacted,
       n.archive_id, h.at as line_at, b.before as line_before, b.behind as line_behind
     from letter l
     join letter_content c on c.id = l.id
     ${current.join}
     join queue q on q.id = l.queue_id
     join source s on s.id = l.source_id
     join cause ca on ca.id = l.cause_id
     left join letter_line h on h.letter_id = l.id
     left join archived_letter n on n.letter_id = l.id
     cross join lateral (${unresolvedBefore('h')}) b
     where l.id = $1 and c.id = $1`,
    [uuid ?? null],
  )
  const row = rows[0]
  if (row === undefined) {
    await refuseErased(store, uuid)
    await refuseDeleted(store, uuid)
    throw new RedriveError('NOT_FOUND', `There is no letter ${id}.`, {
      hint: 'List letters with: redrive letters state:any',
    })
  }
  return detailOf(row, await replaysOf(store, row.id))
}

/** Of an erased letter that and when is kept, and not what it was. @throws NOT_FOUND */
async function refuseErased(store: Store, uuid: string): Promise<void> {
  const { rows } = await store.pool.query<{ queue: string; at: Date; erasure: string }>(
    `select q.name as queue, e.begun_at as at, e.id as erasure
     from tombstone t join queue q on q.id = t.queue_id join erasure e on e.id = t.pass_id where t.letter_id = $1 and t.is_erased`,
    [uuid],
  )
  const [stone] = rows
  if (stone === undefined) return
  throw new RedriveError(
    'NOT_FOUND',
    `That letter of ${stone.queue} was erased on ${stone.at.toISOString().slice(0, 10)}, for good.`,
    {
      hint: `By whom and why: redrive erase show ${showErasureId(stone.erasure)}`,
      data: { erasedAt: stone.at.toISOString(), erasure: showErasureId(stone.erasure) },
    },
  )
}

/** Retention deletes letters, and keeps a word on each. @throws NOT_FOUND */
async function refuseDeleted(store: Store, uuid: string): Promise<void> {
  const { rows } = await store.pool.query<{ queue: string; was: string; since: Date; at: Date; sha256: string }>(
    `select q.name as queue, t.was::text, t.since, p.started_at as at, encode(t.body_sha256, 'hex') as sha256
     from tombstone t join queue q on q.id = t.queue_id join retention_pass p on p.id = t.pass_id where t.letter_id = $1`,
    [uuid],
  )
  const [stone] = rows
  if (stone === undefined) return
  const day = (at: Date): string => at.toISOString().slice(0, 10)
  throw new RedriveError(
    'NOT_FOUND',
    `That letter of ${stone.queue} was deleted on ${day(stone.at)}: it was ${stone.was} since ${day(stone.since)}, and its time was over.`,
    {
      hint: `Its body had the SHA-256 ${stone.sha256}. How long letters are kept: redrive retention`,
      data: {
        deletedAt: stone.at.toISOString(),
        was: stone.was,
        since: stone.since.toISOString(),
        bodySha256: stone.sha256,
      },
    },
  )
}

const current = currentContent({ letterId: 'l.id', version: 'l.version' })

async function replaysOf(store: Store, letterId: string): Promise<readonly ReplayOfLetter[]> {
  const { rows } = await store.pool.query<{
    id: string
    run_id: string
    place: string
    state: string
    outcome: string
    intended_at: Date
    outcome_at: Date | null
    why: string | null
    returned_letter: string | null
  }>(
    `select id, run_id, place, state, outcome, intended_at, outcome_at, why, returned_letter
     from attempt where letter_id = $1 order by intended_at desc limit 100`,
    [letterId],
  )
  return rows.map((row) => ({
    id: row.id,
    run: showRunId(row.run_id),
    place: row.place,
    state: row.state,
    outcome: row.outcome,
    intendedAt: row.intended_at.toISOString(),
    outcomeAt: iso(row.outcome_at),
    why: row.why,
    returnedAs: row.returned_letter === null ? null : showLetterId(row.returned_letter),
  }))
}
