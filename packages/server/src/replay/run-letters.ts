import { RedriveError } from '@redrive/worker'
import { showCauseId, showLetterId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'

/** What became of one letter of a run. */
export interface RunLetter {
  /** From 0, in the order of sending. */
  readonly ordinal: number
  readonly letter: string
  readonly queue: string
  readonly cause: string
  readonly broker: string
  readonly place: string
  /** The id receipts and returns name; `null` while it is not sent. */
  readonly replay: string | null
  /** `waiting`: it was never taken up. */
  readonly state: 'waiting' | 'intended' | 'sent' | 'not-sent' | 'uncertain'
  readonly outcome: 'pending' | 'confirmed' | 'returned' | 'presumed' | 'unknown' | 'none'
  readonly why: string | null
  readonly partition: string | null
  readonly position: string | null
  readonly intendedAt: string | null
  readonly outcomeAt: string | null
  /** The letter it became when it died again. */
  readonly returnedAs: string | null
}

interface Row {
  readonly ordinal: number
  readonly letter_id: string
  readonly queue: string
  readonly cause_id: string
  readonly broker: string
  readonly place: string
  readonly id: string | null
  readonly state: RunLetter['state'] | null
  readonly outcome: RunLetter['outcome'] | null
  readonly why: string | null
  readonly sent_partition: string | null
  readonly sent_position: string | null
  readonly intended_at: Date | null
  readonly outcome_at: Date | null
  readonly returned_letter: string | null
}

/**
 * A page of a run's letters in the order of sending; a million of them are read in as many pages as one likes, each as quickly as the first.
 *
 * @param page `after`: the ordinal before the first
 * @throws NOT_FOUND
 */
export async function listRunLetters(
  store: Store,
  page: { readonly run: string; readonly after: number; readonly limit: number },
): Promise<readonly RunLetter[]> {
  const run = await store.pool.query<{ plan_id: string }>('select plan_id from run where id = $1', [page.run])
  const planId = run.rows[0]?.plan_id
  if (planId === undefined) throw new RedriveError('NOT_FOUND', 'There is no such run.')
  const { rows } = await store.pool.query<Row>(
    `select p.ordinal, p.letter_id, q.name as queue, l.cause_id, place.broker, place.place, a.id, a.state, a.outcome, a.why,
       a.sent_partition, a.sent_position, a.intended_at, a.outcome_at, a.returned_letter
     from plan_letter p
     join plan_place place on place.plan_id = p.plan_id and place.number = p.place
     join letter_ever l on l.id = p.letter_id join queue q on q.id = l.queue_id
     left join lateral (select * from attempt where run_id = $2 and letter_id = p.letter_id and ordinal = p.ordinal) a on true
     where p.plan_id = $1 and p.ordinal > $3 and p.ordinal <= $3 + $4 order by p.ordinal`,
    [planId, page.run, page.after, page.limit],
  )
  return rows.map(letterOf)
}

function letterOf(row: Row): RunLetter {
  return {
    ordinal: row.ordinal,
    letter: showLetterId(row.letter_id),
    queue: row.queue,
    cause: showCauseId(row.cause_id),
    broker: row.broker,
    place: row.place,
    replay: row.id,
    state: row.state ?? 'waiting',
    outcome: row.outcome ?? 'none',
    why: row.why,
    partition: row.sent_partition,
    position: row.sent_position,
    intendedAt: row.intended_at?.toISOString() ?? null,
    outcomeAt: row.outcome_at?.toISOString() ?? null,
    returnedAs: row.returned_letter === null ? null : showLetterId(row.returned_letter),
  }
}
