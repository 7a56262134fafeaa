import type { Ends } from '@redrive/worker'
import type { PoolClient } from 'pg'
import type { Store } from '../store/store.ts'
import { uncertainByte } from './change-marks.ts'
import { replayIdOf } from './replay-id.ts'

/** An intent with uncertain letters that it is time to look for. */
export interface DueLook {
  readonly runId: string
  readonly planId: string
  readonly fromOrdinal: number
  readonly looks: number
  /** Nobody sends for it any more, and what was on its way then has arrived: what is not there now does not come. */
  readonly isSettled: boolean
  /** If not settled, when it may be. */
  readonly settledInMs: number
  readonly letters: readonly DoubtedLetter[]
}

export interface DoubtedLetter {
  readonly ordinal: number
  readonly replayId: string
  readonly letterId: string
  readonly broker: string
  readonly place: string
  /** `null`: how far the place reached was not noted. */
  readonly ends: Ends | null
}

interface Row {
  readonly run_id: string
  readonly plan_id: string
  readonly from_ordinal: number
  readonly looks: number
  readonly ends: Readonly<Record<string, Ends>> | null
  readonly results: Buffer
  readonly sender: string | null
  readonly left_behind: boolean
  readonly quiet_in_ms: number
}

const maxIntents = 50
/**
 * A look that takes longer is taken for given up, as that of a process that died, and another office looks as well: that costs a reading
 * of the place and changes nothing.
 */
const lookSeconds = 30

/**
 * Intents of one run that are due, oldest first, so that one reading of a place serves them all. They are not due again for as long as a
 * look may take.
 *
 * @param quietSeconds how long what a sender sent last may still be on its way
 */
export function takeDueLooks(store: Store, quietSeconds: number): Promise<readonly DueLook[]> {
  return store.transaction(async (client) => {
    const { rows } = await client.query<Row>(
      `with due as (
         select run_id, from_ordinal from intent
         where look_at <= now() and run_id = (select run_id from intent where look_at <= now() order by look_at limit 1)
         order by from_ordinal limit ${maxIntents} for no key update skip locked
       )
       update intent i set look_at = now() + make_interval(secs => ${lookSeconds}), looks = i.looks + 1
       from due, run where i.run_id = due.run_id and i.from_ordinal = due.from_ordinal and run.id = i.run_id
       returning i.run_id, run.plan_id, i.from_ordinal, i.looks, i.ends, i.results, i.sender, i.left_at is not null as left_behind,
         extract(epoch from coalesce(i.left_at, i.noted_at) + make_interval(secs => $1) - now())::float8 * 1000 as quiet_in_ms`,
      [quietSeconds],
    )
    const looks: DueLook[] = []
    for (const row of rows) looks.push(await dueLookOf(client, row, quietSeconds))
    return looks
  })
}

async function dueLookOf(client: PoolClient, row: Row, quietSeconds: number): Promise<DueLook> {
  // Who noted results does not send for them any more; a holder that was left behind may be frozen in the middle of it.
  const mayStillSend = row.left_behind && (await isThere(client, row.sender))
  if (mayStillSend) {
    await client.query('update intent set left_at = now() where run_id = $1 and from_ordinal = $2', [
      row.run_id,
      row.from_ordinal,
    ])
  }
  const settledInMs = mayStillSend ? quietSeconds * 1_000 : Math.max(0, row.quiet_in_ms)
  return {
    runId: row.run_id,
    planId: row.plan_id,
    fromOrdinal: row.from_ordinal,
    looks: row.looks,
    isSettled: !mayStillSend && settledInMs === 0,
    settledInMs,
    letters: await doubtedLetters(client, row),
  }
}

async function isThere(client: PoolClient, sender: string | null): Promise<boolean> {
  if (sender === null) return false
  const { rows } = await client.query<{ free: boolean }>('select pg_try_advisory_xact_lock($1) as free', [sender])
  return rows[0]?.free !== true
}

async function doubtedLetters(client: PoolClient, row: Row): Promise<readonly DoubtedLetter[]> {
  const ordinals = [...row.results.keys()].flatMap((at) =>
    row.results[at] === uncertainByte ? [row.from_ordinal + at] : [],
  )
  const { rows } = await client.query<
    Pick<DoubtedLetter, 'ordinal' | 'letterId' | 'broker' | 'place'> & { number: number }
  >(
    `select l.ordinal, l.letter_id as "letterId", p.number, p.broker, p.place
     from plan_letter l join plan_place p on p.plan_id = l.plan_id and p.number = l.place
     where l.plan_id = $1 and l.ordinal = any($2::int[]) order by l.ordinal`,
    [row.plan_id, ordinals],
  )
  return rows.map(({ number, ...letter }) => ({
    ...letter,
    replayId: replayIdOf(row.run_id, letter.ordinal),
    ends: row.ends?.[String(number)] ?? null,
  }))
}
