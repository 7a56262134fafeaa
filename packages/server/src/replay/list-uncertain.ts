import { showCauseId, showLetterId, showRunId } from '../store/ids.ts'
import type { Store } from '../store/store.ts'

export interface UncertainLetter {
  readonly id: string
  readonly queue: string
  readonly cause: string
  /** What becomes of it when nothing more can be known. */
  readonly policy: 'hold' | 'resend-marked'
  /** The send nobody knows of; `null` where the database does not know it either, as after a restore. */
  readonly send: {
    readonly replayId: string
    readonly run: string
    readonly broker: string
    readonly place: string
    readonly intendedAt: string
    /** Why it is uncertain. */
    readonly why: string | null
    /** What looking for it told, and when it is looked for again. */
    readonly looks: number
    readonly looked: string | null
    readonly nextLookAt: string | null
  } | null
}

export interface UncertainPage {
  readonly letters: readonly UncertainLetter[]
  readonly total: number
  readonly next: string | null
}

/** Oldest first. @param options.after UUID of the last letter of the page before */
export async function listUncertain(
  store: Store,
  options: { readonly queue?: string; readonly limit: number; readonly after?: string },
): Promise<UncertainPage> {
  const { rows } = await store.pool.query<Row>(
    `select o.letter_id, q.name as queue, o.cause_id, q.uncertain as policy, s.*
     from (select letter_id, queue_id, cause_id from outstanding
           where state = 'uncertain' and ($3::uuid is null or letter_id > $3)
             and ($1::text is null or queue_id = (select id from queue where name = $1))
           order by letter_id limit $2) o
     join queue q on q.id = o.queue_id
     left join lateral (
       select a.id as replay_id, a.run_id, a.broker, a.place, a.intended_at, a.why, i.looks, i.looked, i.look_at
       from attempt a join intent i on i.run_id = a.run_id and i.from_ordinal <= a.ordinal and i.to_ordinal > a.ordinal
       where a.letter_id = o.letter_id and a.state = 'uncertain' order by a.intended_at desc limit 1) s on true
     order by o.letter_id`,
    [options.queue ?? null, options.limit + 1, options.after ?? null],
  )
  const total = await store.pool.query<{ letters: number }>(
    `select count(*)::int as letters from outstanding
     where state = 'uncertain' and ($1::text is null or queue_id = (select id from queue where name = $1))`,
    [options.queue ?? null],
  )
  const page = rows.slice(0, options.limit)
  const last = page.at(-1)
  return {
    letters: page.map(viewOf),
    total: total.rows[0]?.letters ?? 0,
    next: rows.length > options.limit && last !== undefined ? showLetterId(last.letter_id) : null,
  }
}

interface Row {
  readonly letter_id: string
  readonly queue: string
  readonly cause_id: string
  readonly policy: 'hold' | 'resend-marked'
  readonly replay_id: string | null
  readonly run_id: string
  readonly broker: string
  readonly place: string
  readonly intended_at: Date
  readonly why: string | null
  readonly looks: number
  readonly looked: string | null
  readonly look_at: Date | null
}

function viewOf(row: Row): UncertainLetter {
  return {
    id: showLetterId(row.letter_id),
    queue: row.queue,
    cause: showCauseId(BigInt(row.cause_id)),
    policy: row.policy,
    send:
      row.replay_id === null
        ? null
        : {
            replayId: row.replay_id,
            run: showRunId(row.run_id),
            broker: row.broker,
            place: row.place,
            intendedAt: row.intended_at.toISOString(),
            why: row.why,
            looks: row.looks,
            looked: row.looked,
            nextLookAt: row.look_at?.toISOString() ?? null,
          },
  }
}
